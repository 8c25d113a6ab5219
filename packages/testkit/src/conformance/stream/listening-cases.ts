import { parseAddress, TransportError } from '@shoal/transport';
import {
  check,
  checkBound,
  checkBytes,
  checkEqual,
  checkError,
  checkRejects,
  pattern,
} from '../checks.ts';
import type { Cases } from '../test-runner.ts';
import { all, next, type StreamTestBed } from './stream-test-bed.ts';

/** Text that nothing can be dialled at. */
const NOT_TO_DIAL = ['', 'nonsense', '127.0.0.1', '127.0.0.1:0', '127.0.0.1:1!tab', '::1:80'];

/** How connections come about. */
export const listeningCases: Cases<StreamTestBed> = {
  /** Port 0 takes a free one, and `address` tells which. */
  'the address of a listener is the one that is really bound': async (bed) => {
    const one = await bed.listen();
    const other = await bed.listen();
    checkBound(one.address);
    checkBound(other.address);
    check(one.address !== other.address, 'each has its own port');
    checkEqual(parseAddress(one.address).host, parseAddress(bed.address).host, 'the host');
  },

  /** Both ends know each other by canonical addresses. */
  'both ends tell the address of the other': async (bed) => {
    const listener = await bed.listen();
    const near = await bed.dial(listener.address);
    const far = bed.keep(await next(listener));
    checkEqual(near.remoteAddress, listener.address, 'the address that was dialled');
    checkBound(far.remoteAddress);
  },

  /** Bad text is the caller's fault and told by its own code. */
  'what is no address to dial or to listen at is refused': async (bed) => {
    const dialer = await bed.transport('dial');
    for (const text of NOT_TO_DIAL) {
      await checkRejects(dialer.dial(text), ['address'], `dial of "${text}"`);
    }
    const server = await bed.transport('listen');
    for (const text of ['', 'nonsense', '127.0.0.1', '::1:80']) {
      await checkRejects(server.listen(text), ['address'], `listen at "${text}"`);
    }
  },

  /** A port where nobody listens any more. */
  'dial to nowhere rejects': async (bed) => {
    const listener = await bed.listen();
    await listener.close();
    const dialer = await bed.transport('dial');
    const codes = ['refused', 'unreachable', 'timeout'] as const;
    await checkRejects(dialer.dial(listener.address), codes, 'dial');
  },

  /** Two listeners do not share an address. */
  'an address that is taken is refused with in-use': async (bed) => {
    const { address } = await bed.listen();
    const other = await bed.transport('listen');
    await checkRejects(other.listen(address), ['in-use'], 'listen');
  },

  /** No dial is left open by a signal that has fired, before or while it waits. */
  'a signal gives up dial': async (bed) => {
    const listener = await bed.listen();
    const dialer = await bed.transport('dial');
    const reason = new Error('never mind');
    const before = dialer.dial(listener.address, { signal: AbortSignal.abort(reason) });
    const error = await checkRejects(before, ['aborted'], 'dial with a fired signal');
    check(error.cause === reason, "the cause is the signal's reason");
    const controller = new AbortController();
    const during = dialer.dial(listener.address, { signal: controller.signal });
    controller.abort(reason);
    await checkRejects(during, ['aborted'], 'dial whose signal fires');
  },

  /** The signal is for `dial` alone. */
  'a signal that fires later leaves the connection alone': async (bed) => {
    const listener = await bed.listen();
    const controller = new AbortController();
    const dialer = await bed.transport('dial');
    const near = bed.keep(await dialer.dial(listener.address, { signal: controller.signal }));
    const far = bed.keep(await next(listener));
    controller.abort();
    near.send(Uint8Array.of(1));
    checkBytes(await next(far), Uint8Array.of(1), 'the frame');
  },

  /** ... while the one of `listen` closes the listener whenever it fires. */
  'a signal closes a listener, now or later': async (bed) => {
    const server = await bed.transport('listen');
    const fired = server.listen(bed.address, { signal: AbortSignal.abort() });
    await checkRejects(fired, ['aborted'], 'listen with a fired signal');
    const controller = new AbortController();
    const listener = await server.listen(bed.address, { signal: controller.signal });
    bed.cleanup.add(() => listener.close());
    const loop = listener[Symbol.asyncIterator]().next();
    controller.abort();
    check((await loop).done === true, 'the loop ends');
    const dialer = await bed.transport('dial');
    const codes = ['refused', 'unreachable', 'timeout', 'reset'] as const;
    await checkRejects(dialer.dial(listener.address), codes, 'dial afterwards');
  },

  /** Nobody is lost or mixed up when many come at once. */
  'many connections at once each keep to their own': async (bed) => {
    const listener = await bed.listen();
    const count = 20;
    const serving = (async () => {
      const echoes: Promise<void>[] = [];
      for await (const connection of listener) {
        bed.keep(connection);
        echoes.push(
          (async () => {
            for await (const frame of connection) connection.send(frame);
            await connection.close();
          })(),
        );
        if (echoes.length === count) break;
      }
      await Promise.all(echoes);
    })();
    await Promise.all(
      Array.from({ length: count }, async (_, i) => {
        const connection = await bed.dial(listener.address);
        for (let k = 0; k < 5; k++) connection.send(pattern(3000 + k, i));
        for (let k = 0; k < 5; k++) {
          checkBytes(await next(connection), pattern(3000 + k, i), `answer ${k} to ${i}`);
        }
        await connection.close();
      }),
    );
    await serving;
  },

  /** A listener's end is that of nobody whom it has handed over. */
  'closing a listener ends its loop, frees its address, and spares who was taken': async (bed) => {
    const listener = await bed.listen();
    const taken = await bed.dial(listener.address);
    const accepted = bed.keep(await next(listener));
    const loop = listener[Symbol.asyncIterator]().next();
    await listener.close();
    await listener.close();
    check((await loop).done === true, 'the loop that waited ends');
    check((await listener[Symbol.asyncIterator]().next()).done === true, 'so does a new one');
    taken.send(Uint8Array.of(1));
    checkBytes(await next(accepted), Uint8Array.of(1), 'the frame on the taken connection');
    const again = await (await bed.transport('listen')).listen(listener.address);
    bed.cleanup.add(() => again.close());
    checkEqual(again.address, listener.address, 'the address of its successor');
  },

  /** They must not hang. */
  'closing a listener breaks off who was not taken yet': async (bed) => {
    const listener = await bed.listen();
    const probe = await bed.dial(listener.address);
    bed.keep(await next(listener));
    const waiting = await bed.dial(listener.address);
    // The probe's answer shows that the listener's side has seen whoever came before.
    const later = await bed.dial(listener.address);
    await listener.close();
    for (const connection of [waiting, later]) {
      await checkRejects(all(connection), ['reset'], 'the loop of one that was not taken');
    }
    check(probe.send(Uint8Array.of(1)), 'the one that was taken lives on');
  },

  /** A cap that holds, and that frees up again. */
  'a full listener takes no more until somebody has gone': async (bed) => {
    const listener = await bed.listen({ maxConnections: 1 });
    const first = await bed.dial(listener.address);
    const accepted = bed.keep(await next(listener));
    const dialer = await bed.transport('dial');
    const codes = ['refused', 'reset', 'unreachable', 'timeout'] as const;
    // TCP can only refuse what it has accepted: such a connection ends at once.
    const second = (async () => all(bed.keep(await dialer.dial(listener.address))))();
    const frames = await second.catch((error: unknown) => {
      checkError(error, codes, 'the error of the second connection');
      return [];
    });
    checkEqual(frames.length, 0, 'the number of frames on the second connection');
    await Promise.all([first.close(), accepted.close()]);
    // That it has gone may take the listener some turns to see.
    for (;;) {
      const connection = await dialer.dial(listener.address).catch(() => undefined);
      if (!connection) continue;
      bed.keep(connection).send(Uint8Array.of(5));
      const far = await Promise.race([
        next(listener),
        all(connection).then(
          () => undefined,
          () => undefined,
        ),
      ]);
      if (!far) continue;
      bed.keep(far);
      checkBytes(await next(far), Uint8Array.of(5), 'the frame of the next one');
      break;
    }
  },
};

/** Of those transports that a setup can send garbage to. */
export const garbageCases: typeof listeningCases = {
  /** A stranger's bytes are the stranger's affair alone. */
  'garbage breaks off its sender and nobody else': async (bed) => {
    const listener = await bed.listen();
    const near = await bed.dial(listener.address);
    const far = bed.keep(await next(listener));
    // A transport may break a stranger off before it becomes a connection, or as one.
    const ends: Promise<unknown>[] = [];
    const strangers = (async () => {
      for await (const stranger of listener) {
        const end = all(bed.keep(stranger)).then(
          () => {
            throw new Error('not as required: the loop over a stranger throws, but it ended');
          },
          (error: unknown) => checkError(error, ['protocol', 'size', 'reset'], "the loop's error"),
        );
        ends.push(end.catch((error: unknown) => error));
      }
    })();
    await bed.setup.garbage!(listener.address);
    near.send(Uint8Array.of(1));
    checkBytes(await next(far), Uint8Array.of(1), 'the frame of another connection');
    await listener.close();
    await strangers;
    for (const end of ends) {
      const error = await end;
      if (!(error instanceof TransportError)) throw error;
    }
  },
};
