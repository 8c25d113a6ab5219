import { expect, test } from 'vitest';
import { Emitter } from './emitter.ts';

type Sample =
  | { readonly type: 'up'; readonly name: string }
  | { readonly type: 'down'; readonly name: string };

class OverflowError extends Error {
  readonly code = 'overflow';
}

const emitter = (): Emitter<Sample> =>
  new Emitter<Sample>({ overflowError: (n) => new OverflowError(`more than ${n} unread`) });

const up = (name: string): Sample => ({ type: 'up', name });
const down = (name: string): Sample => ({ type: 'down', name });

test('a listener gets the events of its type, in order, until it is removed', () => {
  const events = emitter();
  const seen: string[] = [];
  const remove = events.on('up', ({ name }) => seen.push(name));
  for (const event of [up('a'), down('a'), up('b')]) events.emit(event);
  remove();
  remove();
  events.emit(up('c'));
  expect(seen).toEqual(['a', 'b']);
});

test('an event that a listener emits is delivered after the current one has reached all', () => {
  const events = emitter();
  const seen: string[] = [];
  events.on('up', ({ name }) => events.emit(down(name)));
  events.on('up', ({ name }) => seen.push(`up ${name}`));
  events.on('down', ({ name }) => seen.push(`down ${name}`));
  events.emit(up('a'));
  expect(seen).toEqual(['up a', 'down a']);
});

test('readers see events that a listener caused in the same order as listeners do', async () => {
  const events = emitter();
  const reader = events.events();
  events.on('up', ({ name }) => events.emit(down(name)));
  events.emit(up('a'));
  events.end();
  const seen: string[] = [];
  for await (const { type } of reader) seen.push(type);
  expect(seen).toEqual(['up', 'down']);
});

test('a listener added during a delivery misses the current event; a removed one too', () => {
  const events = emitter();
  const seen: string[] = [];
  const removals: (() => void)[] = [];
  events.on('up', () => {
    events.on('up', ({ name }) => seen.push(`late ${name}`));
    for (const remove of removals) remove();
  });
  removals.push(events.on('up', ({ name }) => seen.push(`removed ${name}`)));
  events.emit(up('a'));
  expect(seen).toEqual([]);
});

test('the same function can be added twice and removed once', () => {
  const events = emitter();
  let calls = 0;
  const count = (): void => void calls++;
  events.on('up', count)();
  const remove = events.on('up', count);
  events.on('up', count);
  remove();
  events.emit(up('a'));
  expect(calls).toBe(1);
});

test('a signal removes a listener, and one that has fired adds none', () => {
  const events = emitter();
  const stop = new AbortController();
  let calls = 0;
  events.on('up', () => calls++, { signal: stop.signal });
  events.emit(up('a'));
  stop.abort();
  events.on('up', () => calls++, { signal: stop.signal });
  events.emit(up('b'));
  expect(calls).toBe(1);
});

test('onAny gets every type, before the listeners of that type', () => {
  const events = emitter();
  const seen: string[] = [];
  events.on('up', () => seen.push('typed'));
  events.onAny(({ type }) => seen.push(type));
  events.emit(up('a'));
  events.emit(down('a'));
  expect(seen).toEqual(['up', 'typed', 'down']);
});

test('a listener that throws does not disturb the others; its error is reported as uncaught', async () => {
  const events = emitter();
  const uncaught = new Promise<unknown>((resolve) => {
    const previous = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', (error) => {
      for (const listener of previous) process.on('uncaughtException', listener);
      resolve(error);
    });
  });
  const failure = new Error('from a listener');
  const seen: string[] = [];
  events.on('up', () => {
    throw failure;
  });
  events.on('up', ({ name }) => seen.push(name));
  events.emit(up('a'));
  expect(seen).toEqual(['a']);
  expect(await uncaught).toBe(failure);
});

test('a reader that is too far behind gets the overflow error, and others go on', async () => {
  const events = emitter();
  const slow = events.events({ capacity: 2 });
  const other = events.events();
  for (const name of ['a', 'b', 'c']) events.emit(up(name));
  await expect(slow.next()).rejects.toMatchObject({ code: 'overflow' });
  expect(await slow.next()).toEqual({ done: true, value: undefined });
  expect(await other.next()).toEqual({ done: false, value: up('a') });
});

test('a capacity below one is a RangeError', () => {
  for (const capacity of [0, -1, 1.5, Number.NaN]) {
    expect(() => emitter().events({ capacity })).toThrow(RangeError);
  }
});

test('return ends a read that is pending', async () => {
  const reader = emitter().events();
  const pending = reader.next();
  await reader.return();
  expect(await pending).toEqual({ done: true, value: undefined });
});

test('leaving the loop stops the reader', async () => {
  const events = emitter();
  const reader = events.events({ capacity: 1 });
  events.emit(up('a'));
  for await (const event of reader) {
    expect(event).toEqual(up('a'));
    break;
  }
  for (const name of ['b', 'c', 'd']) events.emit(up(name));
  expect(await reader.next()).toEqual({ done: true, value: undefined });
});

test('a signal rejects a pending read, and the first read when it has fired before', async () => {
  const events = emitter();
  const stop = new AbortController();
  const pending = events.events({ signal: stop.signal }).next();
  const reason = new Error('enough');
  stop.abort(reason);
  await expect(pending).rejects.toBe(reason);
  await expect(events.events({ signal: stop.signal }).next()).rejects.toBe(reason);
});

test('at the end readers get unread events, and later events are dropped', async () => {
  const events = emitter();
  const reader = events.events();
  let calls = 0;
  events.on('down', () => calls++);
  events.emit(up('a'));
  events.end();
  events.emit(down('a'));
  expect(calls).toBe(0);
  expect(await reader.next()).toEqual({ done: false, value: up('a') });
  expect(await reader.next()).toEqual({ done: true, value: undefined });
  expect(await events.events().next()).toEqual({ done: true, value: undefined });
});

test('an end inside a listener still delivers what was emitted before it', async () => {
  const events = emitter();
  const reader = events.events();
  events.on('up', ({ name }) => {
    events.emit(down(name));
    events.end();
    events.emit(down('too late'));
  });
  events.emit(up('a'));
  const seen: Sample[] = [];
  for await (const event of reader) seen.push(event);
  expect(seen).toEqual([up('a'), down('a')]);
});
