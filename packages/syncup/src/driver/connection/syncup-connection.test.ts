import type { Connection } from '@shoal/transport';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SyncupConnection } from './syncup-connection.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp(): { peer: { arrivals: number }; abort: () => void; connection: SyncupConnection } {
  const abort = vi.fn();
  const peer = { arrivals: 0, abort, [Symbol.asyncIterator]: () => ({}) };
  const connection = new SyncupConnection({
    connection: peer as unknown as Connection,
    signal: new AbortController().signal,
    stepTimeout: 1000,
  });
  return { peer, abort, connection };
}

describe('SyncupConnection', () => {
  it('does not take a peer whose frame arrives slowly for a silent one', () => {
    const { peer, abort, connection } = setUp();
    connection.allowSilence(100, 'the feeder sent nothing');
    for (let i = 0; i < 20; i++) {
      peer.arrivals++;
      vi.advanceTimersByTime(90);
    }
    expect(abort).not.toHaveBeenCalled();
    vi.advanceTimersByTime(250);
    expect(abort).toHaveBeenCalledWith(expect.objectContaining({ code: 'timeout' }));
  });

  it('gives a step its time and no more, whatever arrives', () => {
    const { peer, abort, connection } = setUp();
    connection.allow(100, 'the feeder sent no welcome');
    vi.advanceTimersByTime(90);
    peer.arrivals++;
    vi.advanceTimersByTime(20);
    expect(abort).toHaveBeenCalled();
  });
});
