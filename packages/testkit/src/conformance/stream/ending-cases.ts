import {
  check,
  checkBytes,
  checkEqual,
  checkError,
  checkRejects,
  pattern,
  turns,
} from '../checks.ts';
import type { Cases } from '../test-runner.ts';
import { all, next, type StreamTestBed } from './stream-test-bed.ts';

/** A timeout, in ms, so long that a case that waits for it fails. */
const NEVER = 10 ** 9;

/** How connections end. */
export const endingCases: Cases<StreamTestBed> = {
  /** `close` is orderly: the peer gets all frames, then the end of its loop, and no error. */
  'close flushes everything sent and then ends the loop of the peer': async (bed) => {
    const [near, far] = await bed.pair();
    const count = 60;
    for (let i = 0; i < count; i++) near.send(pattern(40_000, i));
    const closing = near.close();
    const frames = await all(far);
    checkEqual(frames.length, count, 'the number of frames');
    for (const [i, frame] of frames.entries()) checkBytes(frame, pattern(40_000, i), `frame ${i}`);
    await far.close();
    await closing;
  },

  /** Frames are not lost if reading begins after the end has arrived. */
  'frames that arrived before the end can be read after it': async (bed) => {
    const [near, far] = await bed.pair();
    near.send(pattern(1000, 1));
    near.send(pattern(1000, 2));
    const closing = near.close();
    await turns(20);
    const frames = await all(far);
    checkEqual(frames.length, 2, 'the number of frames');
    checkBytes(frames[1]!, pattern(1000, 2), 'the last frame');
    checkEqual((await all(far)).length, 0, 'the number of frames in a later loop');
    await far.close();
    await closing;
  },

  /** A closed connection reports that without throwing. */
  'after close, send returns false, ready rejects, loops end, and close may be repeated': async (
    bed,
  ) => {
    const [near, far] = await bed.pair();
    const loop = all(near);
    const closing = near.close();
    checkEqual(near.send(Uint8Array.of(1)), false, 'the result of send');
    await checkRejects(near.ready(), ['closed'], 'ready');
    checkEqual((await loop).length, 0, 'the number of frames in the waiting loop');
    checkEqual((await all(near)).length, 0, 'the number of frames in a new loop');
    await Promise.all([near.close(), far.close(), far.close(), closing]);
    await near.close();
    near.abort(new Error('too late'));
    await checkRejects(near.ready(), ['closed'], 'ready after all of this');
  },

  /** Neither end waits for the other. */
  'both ends may close at the same time': async (bed) => {
    const [near, far] = await bed.pair();
    near.send(Uint8Array.of(1));
    far.send(Uint8Array.of(2));
    await Promise.all([near.close(), far.close()]);
  },

  /** `closeTimeout` limits the time, whatever the peer does. */
  'close does not wait forever for a peer that does not read': async (bed) => {
    const [near] = await bed.pair({ closeTimeout: 50 });
    for (let i = 0; i < 7; i++) near.send(new Uint8Array(1 << 20));
    await near.close();
  },

  /** The peer must not take an abort for an orderly end. */
  'abort rejects all pending calls with its reason, and resets the peer': async (bed) => {
    const [near, far] = await bed.pair();
    // While a handshake is finishing, TLS cannot tell a reset from an end.
    far.send(Uint8Array.of(1));
    await next(near);
    const reason = new Error('no longer wanted');
    const loop = checkRejects(all(near), ['aborted'], 'the waiting loop');
    const atPeer = checkRejects(all(far), ['reset'], "the peer's loop");
    near.abort(reason);
    check((await loop).cause === reason, 'the cause of the error must be the reason');
    checkEqual(near.send(Uint8Array.of(1)), false, 'the result of send');
    const error = await checkRejects(near.ready(), ['aborted'], 'ready');
    check(error.cause === reason, 'a later error must have the same cause');
    await checkRejects(all(near), ['aborted'], 'a later loop');
    await atPeer;
    await checkRejects(far.ready(), ['reset'], "the peer's ready");
    checkEqual(far.send(Uint8Array.of(1)), false, "the result of the peer's send");
    await far.close();
  },

  /** The first reason stays. */
  'abort may be repeated and followed by close': async (bed) => {
    const [near] = await bed.pair();
    const reason = new Error('first');
    near.abort(reason);
    near.abort(new Error('second'));
    const error = await checkRejects(near.ready(), ['aborted'], 'ready');
    check(error.cause === reason, 'the cause must be the first reason');
    await near.close();
    await near.close();
  },

  /** A caller that no longer wants to wait for `close` need not wait for `closeTimeout`. */
  'abort ends a close that is flushing, and the peer does not see an orderly end': async (bed) => {
    const [near, far] = await bed.pair({ closeTimeout: NEVER });
    let sent = 0;
    do sent++;
    while (near.send(pattern(1 << 18, sent)) && sent < 16);
    const closing = near.close();
    near.abort(new Error('no patience'));
    near.abort(new Error('none at all'));
    await closing;
    await near.close();
    const frames = await all(far).catch((error: unknown) => {
      checkError(error, ['reset', 'protocol'], "the error of the peer's loop");
      return undefined;
    });
    if (frames) checkEqual(frames.length, sent, 'the number of frames before an orderly end');
  },

  /** The same once everything has left, but the peer has not ended its side. */
  'abort ends a close that waits for the peer, at any time': async (bed) => {
    const listener = await bed.listen({ closeTimeout: NEVER });
    for (const wait of [0, 1, 2, 3, 20]) {
      for (const frames of [0, 1]) {
        const near = await bed.dial(listener.address, { closeTimeout: NEVER });
        bed.keep(await next(listener));
        for (let i = 0; i < frames; i++) near.send(pattern(1000, i));
        const closing = near.close();
        if (wait > 0) await turns(wait);
        near.abort(new Error('no patience'));
        await closing;
      }
    }
  },

  /** A waiting peer learns of it, even if it is closing. */
  'abort ends a close of the peer': async (bed) => {
    const [near, far] = await bed.pair();
    const closing = far.close();
    near.abort(new Error('gone'));
    await closing;
  },

  /** `await using`. */
  'disposing of connections and listeners closes them': async (bed) => {
    const [near, far] = await bed.pair();
    await Promise.all([near[Symbol.asyncDispose](), far[Symbol.asyncDispose]()]);
    checkEqual(near.send(Uint8Array.of(1)), false, 'the result of send');
    const listener = await bed.listen();
    await listener[Symbol.asyncDispose]();
    check(
      (await listener[Symbol.asyncIterator]().next()).done === true,
      'the loop must have ended',
    );
  },

  /** The end of one connection does not affect another one. */
  'connections end independently of each other': async (bed) => {
    const listener = await bed.listen();
    const first = await bed.dial(listener.address);
    const firstFar = bed.keep(await next(listener));
    const second = await bed.dial(listener.address);
    const secondFar = bed.keep(await next(listener));
    first.abort(new Error('only this one'));
    await checkRejects(all(firstFar), ['reset'], 'the loop of the aborted connection');
    second.send(Uint8Array.of(7));
    checkBytes(await next(secondFar), Uint8Array.of(7), 'the frame on the other connection');
  },
};
