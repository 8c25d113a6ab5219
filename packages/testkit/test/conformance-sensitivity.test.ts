import {
  type Connection,
  type DatagramTransport,
  type StreamTransport,
  TransportError,
} from '@shoal/transport';
import { describe, expect, it } from 'vitest';
import { datagramConformance, streamConformance, type TestRunner } from '../src/conformance.ts';
import { MemoryNetwork } from '../src/network/memory-network.ts';

// A suite that passes with everything proves nothing: here it gets faulty transports.

/** Collects the cases instead of running them. */
function collector(): { runner: TestRunner; cases: Map<string, () => Promise<void>> } {
  const cases = new Map<string, () => Promise<void>>();
  const runner: TestRunner = {
    describe: (_, body) => body(),
    it: (name, body) => void cases.set(name, body),
  };
  return { runner, cases };
}

/** Runs the case whose name contains `part`. Returns its error message, or "passed". */
async function verdict(
  cases: ReadonlyMap<string, () => Promise<void>>,
  part: string,
): Promise<string> {
  const found = [...cases].filter(([name]) => name.includes(part));
  if (found.length !== 1) throw new Error(`${found.length} cases have "${part}" in their names`);
  return found[0]![1]().then(
    () => 'passed',
    (error: Error) => error.message,
  );
}

/** The transport with some methods of its connections replaced. */
function withConnections(
  transport: StreamTransport,
  change: (connection: Connection) => Partial<Connection>,
): StreamTransport {
  const wrap = (connection: Connection): Connection => {
    const changed = change(connection);
    return new Proxy(connection, {
      get(target, key) {
        const value = Reflect.get(key in changed ? changed : target, key);
        return typeof value === 'function' ? value.bind(key in changed ? changed : target) : value;
      },
    });
  };
  return {
    dial: async (...args) => wrap(await transport.dial(...args)),
    listen: (...args) => transport.listen(...args),
  };
}

const streamFaults: [string, string, (connection: Connection) => Partial<Connection>][] = [
  [
    'loses empty frames',
    'empty frames',
    (it) => ({ send: (frame) => frame.length === 0 || it.send(frame) }),
  ],
  [
    'swaps frames',
    'keep their order',
    (it) => {
      let held: Uint8Array | undefined;
      return {
        send(frame) {
          const first = held;
          held = first ? undefined : frame;
          return !first || (it.send(frame) && it.send(first));
        },
      };
    },
  ],
  [
    'never returns false',
    'hard cap',
    (it) => ({ send: (frame) => it.send(frame) || true, ready: async () => {} }),
  ],
  ['is always ready', 'waits for room resolve', () => ({ ready: async () => {} })],
  [
    'cuts long frames',
    'maximum length',
    (it) => ({ send: (f) => it.send(f.subarray(0, 1 << 20)) }),
  ],
  [
    'aborts instead of closing',
    'close flushes',
    (it) => ({
      async close() {
        it.abort(new Error('closed'));
      },
    }),
  ],
  ['closes instead of aborting', 'abort rejects all', (it) => ({ abort: () => void it.close() })],
  ['forgets the reason', 'abort rejects all', (it) => ({ abort: () => it.abort(new Error('?')) })],
  [
    'accepts frames over the limit',
    'send throws size',
    (it) => ({
      send: (frame) => it.send(frame.subarray(0, 1000)),
    }),
  ],
  [
    'reports another address',
    'knows the address of the other',
    () => ({ remoteAddress: '10.0.0.1:1' }),
  ],
];

describe('the suite for streams', () => {
  it.each(streamFaults)('detects a transport that %s', async (_, part, change) => {
    const network = new MemoryNetwork();
    const { runner, cases } = collector();
    const swap = (transport: StreamTransport): StreamTransport =>
      withConnections(transport, change);
    streamConformance(runner, {
      name: 'faulty',
      create: (limits, role) => {
        const transport = network.createStreamTransport(limits);
        return role === 'dial' ? swap(transport) : transport;
      },
    });
    expect(await verdict(cases, part)).not.toBe('passed');
  });

  it('detects one that rejects with other errors', async () => {
    const network = new MemoryNetwork();
    const { runner, cases } = collector();
    streamConformance(runner, {
      name: 'faulty',
      create: (limits) => {
        const transport = network.createStreamTransport(limits);
        return {
          listen: (...args) => transport.listen(...args),
          dial: (...args) =>
            transport.dial(...args).catch(() => {
              throw new Error('some error');
            }),
        };
      },
    });
    expect(await verdict(cases, 'if nobody listens')).toMatch(
      'must be a TransportError, not Error: some error',
    );
  });
});

const datagramFaults: [string, string, (it: DatagramTransport) => Partial<DatagramTransport>][] = [
  [
    'loses empty datagrams',
    'an empty datagram',
    (it) => ({
      send: (to, bytes) => it.send(to, bytes.length === 0 ? Uint8Array.of(0) : bytes),
    }),
  ],
  [
    'throws for addresses',
    'cannot be reached',
    (it) => ({
      send(to, bytes) {
        if (!it.send(to, bytes)) throw new TransportError('address', to);
        return true;
      },
    }),
  ],
  ['reports no real address', 'bound address', () => ({ localAddress: '10.0.0.1:0' })],
  [
    'reuses its buffer',
    'its own bytes',
    (it) => {
      const buffer = new Uint8Array(2000);
      return {
        receive: (handler) =>
          it.receive((from, bytes) => {
            buffer.set(bytes);
            handler(from, buffer.subarray(0, bytes.length));
          }),
      };
    },
  ],
  [
    'adds handlers',
    'a new handler',
    (it) => {
      const handlers: ((from: string, bytes: Uint8Array) => void)[] = [];
      it.receive((from, bytes) => {
        for (const handler of handlers) handler(from, bytes);
      });
      return { receive: (handler) => void handlers.push(handler) };
    },
  ],
  [
    'accepts datagrams that are too long',
    'over maxDatagramSize',
    (it) => ({
      send: (to, bytes) => bytes.length > it.maxDatagramSize || it.send(to, bytes),
    }),
  ],
  ['sends after close', 'after close', () => ({ send: () => true })],
];

describe('the suite for datagrams', () => {
  it.each(datagramFaults)('detects a transport that %s', async (_, part, change) => {
    const network = new MemoryNetwork();
    const { runner, cases } = collector();
    datagramConformance(runner, {
      name: 'faulty',
      create() {
        const transport = network.createDatagramTransport('10.0.0.1:0');
        const changed = change(transport);
        return new Proxy(transport, {
          get(target, key) {
            const value = Reflect.get(key in changed ? changed : target, key);
            const owner = key in changed ? changed : target;
            return typeof value === 'function' ? value.bind(owner) : value;
          },
        });
      },
    });
    expect(await verdict(cases, part)).not.toBe('passed');
  });
});
