import { expect, test } from 'vitest';
import { DatagramHealth } from './datagram-health.ts';

const BY_STREAM = 'answered-by-stream';

function outcomesOf(health: DatagramHealth) {
  return (...outcomes: Parameters<DatagramHealth['onProbe']>[1][]): unknown[] =>
    outcomes.map((outcome) => health.onProbe('a:1', outcome));
}

test('datagrams look blocked after three probes in a row that only a stream answered', () => {
  const told = outcomesOf(new DatagramHealth());
  expect(told(BY_STREAM, BY_STREAM, 'direct')).toEqual([undefined, undefined, undefined]);
  expect(told(BY_STREAM, 'failed', BY_STREAM)).toEqual([undefined, undefined, undefined]);
  expect(told(BY_STREAM, BY_STREAM)).toEqual(['datagramsBlocked', undefined]);
});

test('one datagram that comes back restores them', () => {
  const told = outcomesOf(new DatagramHealth());
  told(BY_STREAM, BY_STREAM, BY_STREAM);
  expect(told('indirect', 'direct')).toEqual(['datagramsRestored', undefined]);
});

test('a member that is down is forgotten', () => {
  const health = new DatagramHealth();
  const told = outcomesOf(health);
  told(BY_STREAM, BY_STREAM);
  health.forget('a:1');
  expect(told(BY_STREAM, 'direct')).toEqual([undefined, undefined]);
});
