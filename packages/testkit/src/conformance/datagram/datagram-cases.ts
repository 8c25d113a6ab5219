import {
  check,
  checkBound,
  checkBytes,
  checkEqual,
  checkThrows,
  pattern,
  turns,
} from '../checks.ts';
import type { Cases } from '../test-runner.ts';
import { type DatagramTestBed, Inbox } from './datagram-test-bed.ts';

/** Texts that nothing can be sent to. They may come from a peer, so they must not throw. */
const NOT_TO_SEND_TO = ['', 'nonsense', '127.0.0.1', '127.0.0.1:0', '999.1.1.1:1', '::1:9', 'a:1!'];

export const datagramCases: Cases<DatagramTestBed> = {
  /** It can be passed to others as it is. */
  'localAddress is the bound address': async (bed) => {
    const [a, b] = [await bed.create(), await bed.create()];
    checkBound(a.localAddress);
    checkBound(b.localAddress);
    check(a.localAddress !== b.localAddress, 'each must have its own address');
    check(
      a.maxDatagramSize >= 508,
      'maxDatagramSize must be at least 508 bytes, which every network carries',
    );
  },

  /** `from` is the address at which the sender can be reached. */
  'a datagram arrives with the address of its sender, where an answer reaches it': async (bed) => {
    const [a, b] = [await bed.create(), await bed.create()];
    const [atA, atB] = [new Inbox(a), new Inbox(b)];
    check(a.send(b.localAddress, pattern(100, 1)), 'send must accept the datagram');
    const { from, bytes } = await atB.next();
    checkEqual(from, a.localAddress, 'the sender');
    checkBytes(bytes, pattern(100, 1), 'the datagram');
    check(b.send(from, pattern(50, 2)), 'send must accept the answer');
    const answer = await atA.next();
    checkEqual(answer.from, b.localAddress, 'the sender of the answer');
    checkBytes(answer.bytes, pattern(50, 2), 'the answer');
  },

  /** Datagrams arrive whole, whatever they hold. */
  'datagrams of all sizes keep their boundaries': async (bed) => {
    const [a, b] = [await bed.create(), await bed.create()];
    const inbox = new Inbox(b);
    const max = a.maxDatagramSize;
    for (const size of [1, 2, 3, 255, 256, max - 1, max]) {
      a.send(b.localAddress, pattern(size, size));
      checkBytes((await inbox.next()).bytes, pattern(size, size), `the datagram of ${size} bytes`);
    }
    for (const byte of [0, 0xa5, 0xa6, 0xff]) {
      a.send(b.localAddress, new Uint8Array(100).fill(byte));
      const { bytes } = await inbox.next();
      checkBytes(bytes, new Uint8Array(100).fill(byte), 'the datagram of equal bytes');
    }
  },

  /** An empty datagram is a datagram. */
  'an empty datagram arrives': async (bed) => {
    const [a, b] = [await bed.create(), await bed.create()];
    const inbox = new Inbox(b);
    a.send(b.localAddress, new Uint8Array(0));
    checkEqual((await inbox.next()).bytes.length, 0, 'the length');
  },

  /** This is the only error that `send` throws. */
  'a datagram over maxDatagramSize throws size': async (bed) => {
    const [a, b] = [await bed.create(), await bed.create()];
    const inbox = new Inbox(b);
    const large = new Uint8Array(a.maxDatagramSize + 1);
    checkThrows(() => a.send(b.localAddress, large), 'size', 'send');
    a.send(b.localAddress, pattern(10, 1));
    checkBytes((await inbox.next()).bytes, pattern(10, 1), 'the next datagram');
  },

  /** Addresses may come from peers. */
  'send returns false for an address that cannot be reached': async (bed) => {
    const [a, b] = [await bed.create(), await bed.create()];
    const inbox = new Inbox(b);
    for (const to of NOT_TO_SEND_TO) {
      checkEqual(a.send(to, pattern(10, 1)), false, `send to "${to}"`);
    }
    a.send(b.localAddress, pattern(10, 2));
    checkBytes((await inbox.next()).bytes, pattern(10, 2), 'the next datagram');
  },

  /** `send` need not notice that a peer is gone. */
  'sending to a closed transport does no harm': async (bed) => {
    const [a, b, gone] = [await bed.create(), await bed.create(), await bed.create()];
    await gone.close();
    for (let i = 0; i < 5; i++) a.send(gone.localAddress, pattern(10, 1));
    await turns(5);
    const inbox = new Inbox(b);
    a.send(b.localAddress, pattern(10, 2));
    checkBytes((await inbox.next()).bytes, pattern(10, 2), 'the next datagram');
  },

  /** `send` returns false instead of queuing without limit, and recovers. */
  'a burst is accepted or reported as dropped, and sending continues': async (bed) => {
    const [a, b] = [await bed.create(), await bed.create()];
    const bytes = new Uint8Array(a.maxDatagramSize);
    let dropped = false;
    // At most 256 MiB.
    for (let i = 0; i < (1 << 28) / bytes.length && !dropped; i++) {
      dropped = !a.send(b.localAddress, bytes);
    }
    const inbox = new Inbox(b);
    for (;;) {
      a.send(b.localAddress, Uint8Array.of(1, 2, 3));
      await turns(1);
      const found = inbox.arrived.find((arrival) => arrival.bytes.length === 3);
      inbox.arrived.length = 0;
      if (found) return;
    }
  },

  /** The last handler is the only one. */
  'a new handler replaces the old one': async (bed) => {
    const [a, b] = [await bed.create(), await bed.create()];
    const old = new Inbox(b);
    a.send(b.localAddress, pattern(10, 1));
    await old.next();
    const inbox = new Inbox(b);
    a.send(b.localAddress, pattern(10, 2));
    checkBytes((await inbox.next()).bytes, pattern(10, 2), 'the datagram');
    checkEqual(old.arrived.length, 0, 'the number of datagrams of the old handler');
  },

  /** It is dropped, not kept for later. */
  'a datagram without a handler does no harm': async (bed) => {
    const [a, b] = [await bed.create(), await bed.create()];
    a.send(b.localAddress, pattern(10, 1));
    await turns(20);
    const inbox = new Inbox(b);
    a.send(b.localAddress, pattern(10, 2));
    for (;;) if ((await inbox.next()).bytes[0] === pattern(1, 2)[0]) return;
  },

  /** The handler may keep the bytes, and change them. */
  'each datagram has its own bytes': async (bed) => {
    const [a, b] = [await bed.create(), await bed.create()];
    const inbox = new Inbox(b);
    const kept: Uint8Array[] = [];
    const same = pattern(64, 9);
    for (let i = 0; i < 20; i++) {
      a.send(b.localAddress, i % 2 === 0 ? same : pattern(64, i));
      const { bytes } = await inbox.next();
      check(bytes.constructor === Uint8Array, 'the datagram must be a plain Uint8Array');
      checkBytes(bytes, pattern(64, i % 2 === 0 ? 9 : i), `datagram ${i}`);
      if (i % 4 === 0) bytes.fill(0);
      kept.push(bytes);
    }
    for (const [i, bytes] of kept.entries()) {
      const expected = i % 4 === 0 ? new Uint8Array(64) : pattern(64, i % 2 === 0 ? 9 : i);
      checkBytes(bytes, expected, `datagram ${i}, which was kept,`);
    }
  },

  /** Protocols answer in their handlers. */
  'a handler may send and close': async (bed) => {
    const [a, b] = [await bed.create(), await bed.create()];
    const done = new Promise<void>((resolve) => {
      let count = 0;
      a.receive((from, bytes) => {
        if (++count < 50) return void a.send(from, bytes);
        void a.close().then(resolve);
      });
    });
    b.receive((from, bytes) => void b.send(from, bytes));
    a.send(b.localAddress, pattern(10, 1));
    await done;
  },

  /** Each one receives the datagrams that are sent to it. */
  'many transports do not mix up their datagrams': async (bed) => {
    const transports = await Promise.all(Array.from({ length: 5 }, () => bed.create()));
    const inboxes = transports.map((transport) => new Inbox(transport));
    for (const [i, from] of transports.entries()) {
      for (const [k, to] of transports.entries()) {
        if (i === k) continue;
        from.send(to.localAddress, Uint8Array.of(i, k));
        const arrival = await inboxes[k]!.next();
        checkEqual(arrival.from, from.localAddress, 'the sender');
        checkBytes(arrival.bytes, Uint8Array.of(i, k), 'the datagram');
      }
    }
  },

  /** `close` never throws. */
  'after close, send returns false, nothing is received, and close may be repeated': async (
    bed,
  ) => {
    const [a, b] = [await bed.create(), await bed.create()];
    const inbox = new Inbox(a);
    const closing = a.close();
    checkEqual(a.send(b.localAddress, pattern(10, 1)), false, 'the result of send');
    b.send(a.localAddress, pattern(10, 2));
    await Promise.all([closing, a.close()]);
    await a.close();
    await a[Symbol.asyncDispose]();
    await turns(10);
    checkEqual(inbox.arrived.length, 0, 'the number of datagrams that a closed transport receives');
  },

  /** `close` does not drop accepted datagrams. */
  'close lets accepted datagrams leave': async (bed) => {
    const [a, b] = [await bed.create(), await bed.create()];
    const inbox = new Inbox(b);
    const accepted = Array.from({ length: 10 }, (_, i) => i).filter((i) =>
      a.send(b.localAddress, Uint8Array.of(i)),
    );
    checkEqual(accepted.length, 10, 'the number of accepted datagrams');
    await a.close();
    const got = new Set<number>();
    while (got.size < accepted.length) got.add((await inbox.next()).bytes[0]!);
  },

  /** `await using`. */
  'disposing of a transport closes it': async (bed) => {
    const [a, b] = [await bed.create(), await bed.create()];
    await a[Symbol.asyncDispose]();
    checkEqual(a.send(b.localAddress, pattern(10, 1)), false, 'the result of send');
  },
};

/** For setups that can send garbage. */
export const datagramGarbageCases: typeof datagramCases = {
  /** Any bytes may come from the network. */
  'garbage does no harm': async (bed) => {
    const [a, b] = [await bed.create(), await bed.create()];
    const inbox = new Inbox(b);
    await bed.setup.garbage!(b);
    a.send(b.localAddress, pattern(700 % a.maxDatagramSize, 77));
    for (;;) {
      const { from, bytes } = await inbox.next();
      if (from !== a.localAddress) continue;
      return checkBytes(bytes, pattern(700 % a.maxDatagramSize, 77), 'the datagram');
    }
  },
};
