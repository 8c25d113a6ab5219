import { seededRandom } from '../../random.ts';
import { check, checkBytes, checkEqual, checkRejects, checkThrows, pattern } from '../checks.ts';
import type { Cases } from '../test-runner.ts';
import { all, next, type StreamTestBed } from './stream-test-bed.ts';

/** How connections treat frames. */
export const frameCases: Cases<StreamTestBed> = {
  /** Boundaries, order and bytes are kept in both directions. */
  'frames of all sizes arrive whole and in order, in both directions': async (bed) => {
    const [near, far] = await bed.pair();
    const random = seededRandom('frame sizes');
    const sizes = [0, 1, 125, 126, 127, 65_535, 65_536, 65_537];
    for (let i = 0; i < 60; i++) sizes.push(Math.floor(random() ** 4 * 100_000));
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      const sending = (async () => {
        for (const [i, size] of sizes.entries()) {
          if (!from.send(pattern(size, i))) await from.ready();
        }
      })();
      for (const [i, size] of sizes.entries()) {
        checkBytes(await next(to), pattern(size, i), `frame ${i}`);
      }
      await sending;
    }
  },

  /** An empty frame is a frame: it neither disappears nor ends the loop. */
  'empty frames arrive': async (bed) => {
    const [near, far] = await bed.pair();
    for (let i = 0; i < 3; i++) near.send(new Uint8Array(0));
    near.send(Uint8Array.of(1));
    for (let i = 0; i < 3; i++) checkEqual((await next(far)).length, 0, 'the length');
    checkBytes(await next(far), Uint8Array.of(1), 'the frame after them');
  },

  /** `maxFrameLength` itself is allowed, although it exceeds the high-water marks. */
  'a frame of the maximum length arrives': async (bed) => {
    const [near, far] = await bed.pair(
      { maxFrameLength: 2_000_000 },
      { maxFrameLength: 2_000_000 },
    );
    for (const size of [1_999_999, 2_000_000]) {
      near.send(pattern(size, size));
      checkBytes(await next(far), pattern(size, size), 'the frame');
    }
    near.send(Uint8Array.of(2));
    checkBytes(await next(far), Uint8Array.of(2), 'the frame after it');
  },

  /** Nothing is sent, and nothing breaks. */
  'send throws size for a frame over the limit, and the connection stays open': async (bed) => {
    const [near, far] = await bed.pair({ maxFrameLength: 1000 });
    checkThrows(() => near.send(new Uint8Array(1001)), 'size', 'send of 1001 bytes');
    near.send(pattern(1000, 3));
    checkBytes(await next(far), pattern(1000, 3), 'the frame after the refused one');
  },

  /** A connection whose peer announces more than this side accepts is aborted with `size`. */
  "a frame over the receiver's limit ends the connection with size": async (bed) => {
    const [near, far] = await bed.pair({}, { maxFrameLength: 1000 });
    near.send(pattern(1000, 1));
    near.send(new Uint8Array(1001));
    checkBytes(await next(far), pattern(1000, 1), 'the frame before it');
    await checkRejects(next(far), ['size'], "the receiver's loop");
    await checkRejects(all(near), ['reset', 'size', 'protocol'], "the sender's loop");
  },

  /** Small frames neither overtake each other nor stick together. */
  '20,000 small frames keep their order': async (bed) => {
    const [near, far] = await bed.pair();
    const count = 20_000;
    const numbered = (i: number): Uint8Array => Uint8Array.of(i, i >> 8, i >> 16);
    const sending = (async () => {
      for (let i = 0; i < count; i++) if (!near.send(numbered(i))) await near.ready();
      await near.close();
    })();
    let at = 0;
    for await (const frame of far) checkBytes(frame, numbered(at), `frame ${at++}`);
    checkEqual(at, count, 'the number of frames');
    await far.close();
    await sending;
  },

  /** Not a subclass such as Node's `Buffer`, whose `slice` works differently. */
  'frames are plain Uint8Arrays': async (bed) => {
    const [near, far] = await bed.pair();
    for (const size of [0, 10, 100_000]) {
      near.send(new Uint8Array(size));
      check((await next(far)).constructor === Uint8Array, 'the frame must be a plain Uint8Array');
    }
  },

  /** A receiver that changes a frame does not change other frames. */
  'each frame has its own bytes': async (bed) => {
    const [near, far] = await bed.pair();
    for (let i = 0; i < 10; i++) near.send(pattern(100, i));
    for (let i = 0; i < 10; i++) {
      const frame = await next(far);
      checkBytes(frame, pattern(100, i), `frame ${i}`);
      frame.fill(255);
    }
  },

  /** Only the bytes of the view are sent. */
  'a frame may be part of a larger buffer': async (bed) => {
    const [near, far] = await bed.pair();
    const large = pattern(1000, 5);
    near.send(large.subarray(100, 200));
    checkBytes(await next(far), pattern(1000, 5).subarray(100, 200), 'the frame');
  },

  /** `next` may be called again before the first promise has settled. */
  'frames that were requested in advance arrive in order': async (bed) => {
    const [near, far] = await bed.pair();
    const frames = far[Symbol.asyncIterator]();
    const asked = Array.from({ length: 5 }, () => frames.next());
    for (let i = 0; i < 5; i++) near.send(Uint8Array.of(i));
    for (const [i, result] of (await Promise.all(asked)).entries()) {
      check(!result.done, 'a frame must come');
      checkBytes(result.value, Uint8Array.of(i), `frame ${i}`);
    }
  },

  /** A greeting can be read in one place and the rest in another. */
  'leaving the loop does not close the connection': async (bed) => {
    const [near, far] = await bed.pair();
    for (let i = 0; i < 3; i++) near.send(Uint8Array.of(i));
    for await (const frame of far) {
      checkEqual(frame[0]!, 0, 'the first frame');
      break;
    }
    checkEqual((await next(far))[0]!, 1, 'the second frame');
    far.send(Uint8Array.of(9));
    checkEqual((await next(near))[0]!, 9, 'the answer');
  },
};
