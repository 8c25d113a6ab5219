import { expect, it } from 'vitest';
import { connectionLimits } from './connection-limits.ts';

it('fills in the defaults', () => {
  expect(connectionLimits({ closeTimeout: 0 }, 4)).toEqual({
    maxFrameLength: 1 << 26,
    highWaterMark: 1 << 20,
    maxBuffered: 1 << 27,
    receiveHighWaterMark: 1 << 20,
    dialTimeout: 10_000,
    closeTimeout: 0,
  });
  expect(connectionLimits({ maxFrameLength: 100 }, 4).maxBuffered).toBe(1 << 24);
});

it.each([
  { maxFrameLength: (1 << 26) + 1 },
  { maxFrameLength: 100, maxBuffered: 103 },
  { maxFrameLength: 100, maxBuffered: 200, highWaterMark: 201 },
  { dialTimeout: 0 },
])('refuses %o', (options) => {
  expect(() => connectionLimits(options, 4)).toThrow(expect.objectContaining({ code: 'argument' }));
});
