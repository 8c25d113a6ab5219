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

/** Texts that cannot be dialed. */
const NOT_TO_DIAL = ['', 'nonsense', '127.0.0.1', '127.0.0.1:0', '127.0.0.1:1!tab', '::1:80'];

/** How connections are made. */
export const listeningCases: Cases<StreamTestBed> = {
  /** Port 0 picks a free port, which `address` tells. */
  'the address of a listener is the bound address': async (bed) => {
    const one = await bed.listen();
    const other = await bed.listen();
    checkBound(one.address);
    checkBound(other.address);
    check(one.address !== other.address, 'each must have its own port');
    checkEqual(parseAddress(one.address).host, parseAddress(bed.address).host, 'the host');
  },

  /** The addresses are canonical. */
  'each end knows the address of the other': async (bed) => {
    const listener = await bed.listen();
    const near = await bed.dial(listener.address);
    const far = bed.keep(await next(listener));
    checkEqual(near.remoteAddress, listener.address, 'the dialed address');
    checkBound(far.remoteAddress);
  },

  /** An invalid address is a mistake of the caller, with a code of its own. */
  'dial and listen refuse invalid addresses': async (bed) => {
    const dialer = await bed.transport('dial');
    for (const text of NOT_TO_DIAL) {
      await checkRejects(dialer.dial(text), ['address'], `dial of "${text}"`);
    }
    const server = await bed.transport('listen');
    for (const text of ['', 'nonsense', '127.0.0.1', '::1:80']) {
      await checkRejects(server.listen(text), ['address'], `listen at "${text}"`);
    }
  },

  /** The listener at this port has closed. */
  'dial rejects if nobody listens': async (bed) => {
    const listener = await bed.listen();
    await listener.close();
    const dialer = await bed.transport('dial');
    const codes = ['refused', 'unreachable', 'timeout'] as const;
    await checkRejects(dialer.dial(listener.address), codes, 'dial');
  },

  /** Two listeners do not share an address. */
  'listen rejects with in-use if the address is taken': async (bed) => {
    const { address } = await bed.listen();
    const other = await bed.transport('listen');
    await checkRejects(other.listen(address), ['in-use'], 'listen');
  },

  /** Whether the signal fires before or while `dial` waits, nothing stays open. */
  'a signal cancels dial': async (bed) => {
    const listener = await bed.listen();
    const dialer = await bed.transport('dial');
    const reason = new Error('never mind');
    const before = dialer.dial(listener.address, { signal: AbortSignal.abort(reason) });
    const error = await checkRejects(before, ['aborted'], 'dial with a fired signal');
    check(error.cause === reason, "the cause must be the signal's reason");
    const controller = new AbortController();
    const during = dialer.dial(listener.address, { signal: controller.signal });
    controller.abort(reason);
    await checkRejects(during, ['aborted'], 'dial whose signal fires');
  },

  /** The signal applies only to `dial`. */
  'the signal of dial does not affect the open connection': async (bed) => {
    const listener = await bed.listen();
    const controller = new AbortController();
    const dialer = await bed.transport('dial');
    const near = bed.keep(await dialer.dial(listener.address, { signal: controller.signal }));
    const far = bed.keep(await next(listener));
    controller.abort();
    near.send(Uint8Array.of(1));
    checkBytes(await next(far), Uint8Array.of(1), 'the frame');
  },

  /** Unlike that of `dial`, the signal of `listen` stays in effect. */
  'a signal closes a listener, whenever it fires': async (bed) => {
    const server = await bed.transport('listen');
    const fired = server.listen(bed.address, { signal: AbortSignal.abort() });
    await checkRejects(fired, ['aborted'], 'listen with a fired signal');
    const controller = new AbortController();
    const listener = await server.listen(bed.address, { signal: controller.signal });
    bed.cleanup.add(() => listener.close());
    const loop = listener[Symbol.asyncIterator]().next();
    controller.abort();
    check((await loop).done === true, 'the loop must end');
    const dialer = await bed.transport('dial');
    const codes = ['refused', 'unreachable', 'timeout', 'reset'] as const;
    await checkRejects(dialer.dial(listener.address), codes, 'dial afterwards');
  },

  /** No connection is lost or mixed up with another one. */
  'many connections at once do not mix up their frames': async (bed) => {
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

  /** Connections outlive their listener. */
  'closing a listener ends its loop, frees its address, and keeps yielded connections open': async (
    bed,
  ) => {
    const listener = await bed.listen();
    const taken = await bed.dial(listener.address);
    const accepted = bed.keep(await next(listener));
    const loop = listener[Symbol.asyncIterator]().next();
    await listener.close();
    await listener.close();
    check((await loop).done === true, 'the waiting loop must end');
    check((await listener[Symbol.asyncIterator]().next()).done === true, 'a new loop must end');
    taken.send(Uint8Array.of(1));
    checkBytes(await next(accepted), Uint8Array.of(1), 'the frame on the yielded connection');
    const again = await (await bed.transport('listen')).listen(listener.address);
    bed.cleanup.add(() => again.close());
    checkEqual(again.address, listener.address, 'the address of the next listener');
  },

  /** Their peers must not wait forever. */
  'closing a listener aborts connections that were not yielded yet': async (bed) => {
    const listener = await bed.listen();
    const probe = await bed.dial(listener.address);
    bed.keep(await next(listener));
    const waiting = await bed.dial(listener.address);
    // The answer to the probe shows that the listener has seen the connections before it.
    const later = await bed.dial(listener.address);
    await listener.close();
    for (const connection of [waiting, later]) {
      await checkRejects(
        all(connection),
        ['reset'],
        'the loop of a connection that was not yielded',
      );
    }
    check(probe.send(Uint8Array.of(1)), 'the yielded connection must stay open');
  },

  /** The limit holds, and a closed connection frees a place. */
  'a full listener refuses connections until one has closed': async (bed) => {
    const listener = await bed.listen({ maxConnections: 1 });
    const first = await bed.dial(listener.address);
    const accepted = bed.keep(await next(listener));
    const dialer = await bed.transport('dial');
    const codes = ['refused', 'reset', 'unreachable', 'timeout'] as const;
    // TCP can refuse a connection only after accepting it: the connection ends at once.
    const second = (async () => all(bed.keep(await dialer.dial(listener.address))))();
    const frames = await second.catch((error: unknown) => {
      checkError(error, codes, 'the error of the second connection');
      return [];
    });
    checkEqual(frames.length, 0, 'the number of frames on the second connection');
    await Promise.all([first.close(), accepted.close()]);
    // The listener may need some turns to see the end.
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
      checkBytes(await next(far), Uint8Array.of(5), 'the frame of the next connection');
      break;
    }
  },
};

/** For setups that can send garbage. */
export const garbageCases: typeof listeningCases = {
  /** Bytes that are not the protocol harm only their sender. */
  'garbage ends the connection of its sender and no other': async (bed) => {
    const listener = await bed.listen();
    const near = await bed.dial(listener.address);
    const far = bed.keep(await next(listener));
    // A transport may end a stranger's connection before or after yielding it.
    const ends: Promise<unknown>[] = [];
    const strangers = (async () => {
      for await (const stranger of listener) {
        const end = all(bed.keep(stranger)).then(
          () => {
            throw new Error('requirement not met: the loop over a stranger must throw, but ended');
          },
          (error: unknown) =>
            checkError(error, ['protocol', 'size', 'reset'], 'the error of the loop'),
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
