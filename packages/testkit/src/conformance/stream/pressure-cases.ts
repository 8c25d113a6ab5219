import type { Connection } from '@shoal/transport';
import { check, checkEqual, checkRejects, turns } from '../checks.ts';
import type { Cases } from '../test-runner.ts';
import { all, next, type StreamTestBed } from './stream-test-bed.ts';

const FRAME = 65_536;
/** Far more frames than the system's buffers and all limits together can hold. */
const MUCH = 1024;
/** A sender is stuck after so many turns without progress. A wrong guess makes a case weaker, not flaky. */
const QUIET = 40;

/** Sends as fast as `send` and `ready` allow until stuck. Returns the number of accepted frames. */
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
    check(sent < MUCH, `${MUCH * FRAME} unread bytes must not be accepted`);
    let open = false;
    const room = connection.ready();
    room.then(
      () => {
        open = true;
      },
      () => {},
    );
    for (let quiet = 0; quiet < QUIET && !open; quiet++) await turns(1);
    // Nothing arrives or leaves between this check and the next step of the case.
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

/** Bounded buffers, and how they are reported. */
export const pressureCases: Cases<StreamTestBed> = {
  /**
   * End to end: while the peer does not read, `send` returns false and `ready` waits after a bounded
   * number of bytes. Reading makes `ready` resolve. No accepted frame is lost.
   */
  'a sender must wait while its peer does not read, and continues when it does': async (bed) => {
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

  /** The same towards the dialing side, unless that cannot pause (see `pauses`). */
  'a peer must wait, or gets a reset, while the dialing side does not read': async (bed) => {
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
      check(error instanceof Error, 'ready must reject with an error');
    }
    check(sent < MUCH, 'the connection must end before all frames are accepted');
    await checkRejects(all(near), ['overflow'], 'the loop of the side that does not read');
  },

  /** `ready` does not wait without need. */
  'ready resolves at once while there is room': async (bed) => {
    const [near] = await bed.pair();
    await near.ready();
    check(near.send(new Uint8Array(10)), 'send must report that there is room');
    await near.ready();
  },

  /** From `highWaterMark` on `send` returns false, although it accepts the frame. */
  'a burst over the high-water mark is reported, accepted and drained': async (bed) => {
    const [near, far] = await bed.pair({ highWaterMark: 1000 });
    let said = true;
    let sent = 0;
    // Bytes that the system, or a peer in another process, takes at once do not count. But nobody
    // reads from the connection, so the mark is reached.
    while (said && sent < MUCH) {
      said = near.send(new Uint8Array(FRAME));
      sent++;
    }
    check(!said, 'send must return false');
    const reading = (async () => {
      for (let i = 0; i < sent; i++) checkEqual((await next(far)).length, FRAME, 'the length');
    })();
    await near.ready();
    await reading;
  },

  /** A caller that ignores the result of `send` must not fill the memory. */
  'past the hard cap the connection is aborted with overflow, and all pending calls reject': async (
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
    checkEqual(near.send(new Uint8Array(1)), false, 'the result of a later send');
    // The loop first yields the frames that had arrived.
    await checkRejects(all(far), ['reset', 'protocol'], "the peer's loop");
  },

  /** The signal does not affect the connection. */
  'a signal cancels a wait for room': async (bed) => {
    const [near, far] = await bed.pair();
    const { sent, room } = await sendUntilStuck(near);
    const controller = new AbortController();
    const waiting = near.ready({ signal: controller.signal });
    const reason = new Error('enough');
    controller.abort(reason);
    const error = await checkRejects(waiting, ['aborted'], 'the wait');
    check(error.cause === reason, "the cause must be the signal's reason");
    await checkRejects(near.ready({ signal: controller.signal }), ['aborted'], 'the next wait');
    for (let i = 0; i < sent; i++) await next(far);
    await room;
  },

  /** Not only the first one. */
  'all waits for room resolve': async (bed) => {
    const [near, far] = await bed.pair();
    const { sent, room } = await sendUntilStuck(near);
    const waiting = [room, near.ready(), near.ready({ signal: new AbortController().signal })];
    for (let i = 0; i < sent; i++) await next(far);
    await Promise.all(waiting);
  },
};
