import type { Connection } from '@shoal/transport';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SyncupConnection } from './syncup-connection.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp(): {
  peer: { arrivals: number; isMidFrame: boolean };
  abort: () => void;
  connection: SyncupConnection;
} {
  const abort = vi.fn();
  const never = new Promise<never>(() => {});
  const peer = {
    arrivals: 0,
    isMidFrame: false,
    abort,
    ready: () => never,
    close: () => never,
    [Symbol.asyncIterator]: () => ({ next: () => never }),
  };
  const connection = new SyncupConnection({
    connection: peer as unknown as Connection,
    signal: new AbortController().signal,
    stepTimeout: 1000,
  });
  return { peer, abort, connection };
}

/** What a call has thrown so far, while no time passes. */
async function failureOf(call: Promise<unknown>): Promise<unknown> {
  let failure: unknown;
  call.catch((error: unknown) => {
    failure = error;
  });
  await vi.advanceTimersByTimeAsync(0);
  return failure;
}

const timeout = expect.objectContaining({ code: 'timeout' });

describe('SyncupConnection', () => {
  it('does not take a peer whose frame arrives slowly for a silent one', async () => {
    const { peer, connection } = setUp();
    connection.allowSilence(100, 'the feeder sent nothing');
    for (let i = 0; i < 20; i++) {
      peer.arrivals++;
      vi.advanceTimersByTime(90);
    }
    expect(await failureOf(connection.next())).toBeUndefined();
    vi.advanceTimersByTime(250);
    expect(await failureOf(connection.next())).toEqual(timeout);
  });

  it('gives a step its time and no more, whatever arrives', async () => {
    const { peer, connection } = setUp();
    connection.allow(100, 'the feeder sent no welcome');
    vi.advanceTimersByTime(90);
    peer.arrivals++;
    vi.advanceTimersByTime(20);
    expect(await failureOf(connection.next())).toEqual(timeout);
  });

  it('gives a frame that has begun its time, and none to the silence between frames', async () => {
    const { peer, connection } = setUp();
    connection.allowPauses(100, 'the feeder sent a part of an entry');
    vi.advanceTimersByTime(1_000_000);
    expect(await failureOf(connection.next())).toBeUndefined();
    peer.isMidFrame = true;
    for (let i = 0; i < 20; i++) {
      peer.arrivals++;
      vi.advanceTimersByTime(90);
    }
    expect(await failureOf(connection.next())).toBeUndefined();
    vi.advanceTimersByTime(250);
    expect(await failureOf(connection.next())).toEqual(timeout);
  });

  it('ends what is pending when it fails, and leaves the peer time to close', async () => {
    const { abort, connection } = setUp();
    const pending = [failureOf(connection.next()), failureOf(connection.ready())];
    connection.fail(new Error('enough'));
    for (const failure of pending) expect(await failure).toEqual(new Error('enough'));
    expect(abort).not.toHaveBeenCalled();
    void connection.close();
    vi.advanceTimersByTime(1001);
    expect(abort).toHaveBeenCalledWith(timeout);
  });
});
