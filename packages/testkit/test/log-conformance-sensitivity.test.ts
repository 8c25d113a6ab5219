import { type EntryKinds, type LogStore, MemoryLog } from '@shoal/syncup';
import { expect, it } from 'vitest';
import type { LogConformanceOptions } from '../src/log-conformance.ts';
import { logConformance } from '../src/log-conformance.ts';

// A suite that passes whatever it is given is worth nothing: here it gets faulty logs.

let nextId = 1n;

async function* none(): AsyncGenerator<never> {}

/** What is wrong, in which case it must be noticed, and how the log becomes wrong. */
const faults: [string, string, (log: MemoryLog) => Partial<LogStore>][] = [
  ['keeps no archives', 'a rollback archives', () => ({ archives: none })],
  [
    'says before an append what it holds',
    'append returns',
    (log) => ({
      append: async (entries) => {
        const { range } = log;
        await log.append(entries);
        return range;
      },
    }),
  ],
  [
    'appends a part before it refuses',
    'invalid operations',
    (log) => ({
      append: async (entries) => {
        for (const entry of entries) await log.append([entry]);
        return log.range;
      },
    }),
  ],
  [
    'shares payloads',
    'the log copies payloads',
    (log) => {
      const shared: Uint8Array[] = [];
      return {
        append: async (entries) => {
          for (const { payload } of entries) shared.push(payload);
          return log.append(entries);
        },
        read: async function* (from) {
          for await (const batch of log.read(from)) {
            yield batch.map((entry) => ({ ...entry, payload: shared[Number(entry.vlsn) - 1]! }));
          }
        },
      };
    },
  ],
  [
    'takes the last entry for a sync point',
    'kinds determine',
    (log) => ({ syncAtOrBefore: () => log.entry(log.range.last) }),
  ],
  [
    'trims what is retained',
    'retained entries',
    () => ({ retain: () => ({ advance: () => {}, [Symbol.dispose]: () => {} }) }),
  ],
  ['trims nothing', 'trimming removes', (log) => ({ trimHead: async () => log.range.first })],
  [
    'reads on after a rollback',
    'entries were rolled back',
    (log) => ({
      read: async function* (from) {
        for (let next = from; ; ) {
          const { value } = await log.read(next).next();
          if (value === undefined) return;
          next += BigInt(value.length);
          yield value;
        }
      },
    }),
  ],
  [
    'ignores the limits of batches',
    'batches respect',
    (log) => ({ read: (from) => log.read(from) }),
  ],
  [
    'lets readers wait when it is closed',
    'a closed log rejects',
    (log) => ({ append: async () => log.range }),
  ],
  [
    'is durable beyond its end',
    'the durable position',
    (log) => ({
      get range() {
        return { ...log.range, durable: 100n };
      },
    }),
  ],
  [
    'has random ids for snapshots',
    'equal logs give',
    (log) => ({
      exportSnapshot: async () => {
        const snapshot = await log.exportSnapshot();
        Object.defineProperty(snapshot, 'id', { value: nextId++ });
        return snapshot;
      },
    }),
  ],
  [
    'is emptied by a restore that fails',
    'a source that fails',
    (log) => ({
      importSnapshot: async (chunks) => {
        await log.rollback(0n, 'restore');
        return log.importSnapshot(chunks);
      },
    }),
  ],
  [
    'loses what was appended last',
    'on an array of entries',
    (log) => ({
      append: async (entries) => log.append(entries.length > 30 ? entries.slice(1) : entries),
    }),
  ],
];

it.each(faults)('detects a log that %s', async (_, part, change) => {
  const cases = new Map<string, () => Promise<void>>();
  const create = (options: LogConformanceOptions): LogStore => {
    const log = new MemoryLog(options as { kinds?: EntryKinds });
    const changed = change(log);
    return new Proxy(log, {
      get(target, key) {
        const owner = key in changed ? changed : target;
        const value = Reflect.get(owner, key);
        return typeof value === 'function' ? value.bind(owner) : value;
      },
    });
  };
  logConformance(
    { describe: (_name, body) => body(), it: (name, body) => void cases.set(name, body) },
    { name: 'faulty', create },
  );
  const found = [...cases].filter(([name]) => name.includes(part));
  expect(found).toHaveLength(1);
  await expect(found[0]![1]()).rejects.toThrow('requirement not met');
});
