import type { Connection } from '@shoal/transport';
import { check, checkEqual, checkRejects, turns } from '../checks.ts';
import type { Cases } from '../test-runner.ts';
import { all, next, type StreamTestBed } from './stream-test-bed.ts';

const FRAME = 65_536;
/** Far more than the operating system holds for a connection, and all the limits together. */
const MUCH = 1024;
/** Turns without any progress after which a sender counts as stuck. Only loosens a case. */
const QUIET = 40;

/** Sends, as `send` and `ready` allow, until it is stuck; the number of frames that were taken. */
async function sendUntilStuck(
  connection: Connection,
): Promise<{ sent: number; room: Promise<void> }> {
  let sent = 0;
  for (;;) {
    let full = false;
    while (!full && sent < MUCH) {
      full = !connection.send(new Uint8Array(FRAME).fill(sent));
      sent++;
    }
    check(sent < MUCH, `no more than ${MUCH * FRAME} bytes are taken that nobody reads`);
    let open = false;
    const room = connection.ready();
    room.then(
      () => {
        open = true;
      },
      () => {},
    );
    for (let quiet = 0; quiet < QUIET && !open; quiet++) await turns(1);
    // Nothing arrives or leaves between this and what the case does next.
    if (!open && !(await isReady(connection))) return { sent, room };
  }
}

/** Whether `ready` resolves at once. */
async function isReady(connection: Connection): Promise<boolean> {
  let ready = false;
  connection.ready().then(
    () => {
      ready = true;
    },
    () => {},
  );
  for (let i = 0; i < 3; i++) await undefined;
  return ready;
}

/** Bounded buffers, and how they show. */
export const pressureCases: Cases<StreamTestBed> = {
  /**
   * The whole way: an unread peer makes `send` say false and `ready` wait, after a bounded number
   * of bytes; reading makes `ready` resolve; nothing that was taken is lost.
   */
  'a sender is stopped while its peer does not read, and goes on when it does': async (bed) => {
    const [near, far] = await bed.pair();
    const { sent, room } = await sendUntilStuck(near);
    let got = 0;
    const reading = (async () => {
      for await (const frame of far) {
        checkEqual(frame[FRAME - 1]!, got & 255, `the mark of frame ${got}`);
        got++;
      }
      await far.close();
    })();
    await room;
    await near.close();
    await reading;
    checkEqual(got, sent, 'the number of frames that arrive');
  },

  /** The same towards the side that dialled, unless it cannot pause (see `pauses`). */
  'a peer whose frames the dialling side does not read is stopped, or broken off': async (bed) => {
    const [near, far] = await bed.pair();
    if (bed.setup.pauses ?? true) {
      const { sent, room } = await sendUntilStuck(far);
      for (let i = 0; i < sent; i++) await next(near);
      await room;
      return;
    }
    let sent = 0;
    try {
      while (sent < MUCH) {
        sent++;
        if (!far.send(new Uint8Array(FRAME))) await far.ready();
      }
    } catch (error) {
      check(error instanceof Error, 'ready rejects with an error');
    }
    check(sent < MUCH, 'the connection is broken off before all has been taken');
    await checkRejects(all(near), ['overflow'], 'the loop of the side that did not read');
  },

  /** `ready` does not wait for nothing. */
  'ready resolves at once while there is room': async (bed) => {
    const [near] = await bed.pair();
    await near.ready();
    check(near.send(new Uint8Array(10)), 'send says that there is room');
    await near.ready();
  },

  /** `send` must say false from `highWaterMark` on, even though it takes the frame. */
  'a burst over the high-water mark is reported, taken, and drained': async (bed) => {
    const [near, far] = await bed.pair({ highWaterMark: 1000 });
    let said = true;
    let sent = 0;
    // What the system takes at once does not count, nor what a peer in another process takes
    // meanwhile; but nobody reads from the connection, so that the mark must show.
    while (said && sent < MUCH) {
      said = near.send(new Uint8Array(FRAME));
      sent++;
    }
    check(!said, 'send says false');
    const reading = (async () => {
      for (let i = 0; i < sent; i++) checkEqual((await next(far)).length, FRAME, 'the length');
    })();
    await near.ready();
    await reading;
  },

  /** Who ignores false for ever must not fill the memory. */
  'past the hard cap the connection is aborted with overflow, and everybody is told': async (
    bed,
  ) => {
    const [near, far] = await bed.pair({ maxFrameLength: 1 << 20, maxBuffered: 1 << 22 });
    const { room } = await sendUntilStuck(near);
    const waiting = checkRejects(room, ['overflow'], 'the wait for room');
    const reading = checkRejects(all(near), ['overflow'], 'the loop');
    for (let i = 0; i < 16; i++) near.send(new Uint8Array(1 << 20));
    await waiting;
    await reading;
    await checkRejects(near.ready(), ['overflow'], 'a later wait for room');
    checkEqual(near.send(new Uint8Array(1)), false, 'what send says afterwards');
    // Frames that had arrived come first.
    await checkRejects(all(far), ['reset', 'protocol'], "the peer's loop");
  },

  /** The wait ends, the connection does not. */
  'a wait for room can be given up by a signal': async (bed) => {
    const [near, far] = await bed.pair();
    const { sent, room } = await sendUntilStuck(near);
    const controller = new AbortController();
    const waiting = near.ready({ signal: controller.signal });
    const reason = new Error('enough');
    controller.abort(reason);
    const error = await checkRejects(waiting, ['aborted'], 'the wait');
    check(error.cause === reason, "the error's cause is the signal's reason");
    await checkRejects(near.ready({ signal: controller.signal }), ['aborted'], 'the next wait');
    for (let i = 0; i < sent; i++) await next(far);
    await room;
  },

  /** Many who wait are all served. */
  'everybody who waits for room is woken': async (bed) => {
    const [near, far] = await bed.pair();
    const { sent, room } = await sendUntilStuck(near);
    const waiting = [room, near.ready(), near.ready({ signal: new AbortController().signal })];
    for (let i = 0; i < sent; i++) await next(far);
    await Promise.all(waiting);
  },
};
