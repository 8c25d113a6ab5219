import { MemoryLog } from '@shoal/syncup';
import { seededRandom } from '@shoal/testkit';

/** The exit code of a process whose log another one has taken over. */
export const LOST = 3;

/** The payload of entry `index` of an operation: unique. */
export function payloadOf(tag, index, size) {
  return new Uint8Array(Buffer.alloc(size, `${tag}.${index};`));
}

export function entriesOf({ tag, count, size }) {
  return Array.from({ length: count }, (_, i) => ({
    type: i % 3,
    payload: payloadOf(tag, i, size),
  }));
}

/** A random operation, as plain data that another process can follow. */
export function draw(random, tag, { first, last }, archives) {
  const below = (limit) => Math.floor(random() * limit);
  const choice = below(20);
  if (choice < 13) {
    const size = [0, 10, 100, 1000, 10_000, 100_000][below(6)];
    const count = 1 + below(size > 1000 ? 5 : 60);
    return { op: 'append', tag, count, size, durable: below(3) > 0 };
  }
  if (choice < 16) {
    const lowest = first === 0n ? last : first - 1n;
    // Mostly a short tail, sometimes everything.
    const span = Number(last - lowest) + 1;
    const to = below(8) === 0 ? lowest : last - BigInt(below(Math.min(span, 50)));
    return { op: 'rollback', to: Number(to) };
  }
  if (choice < 17) return { op: 'trim', before: Number(first) + below(Number(last - first) + 1) };
  if (choice < 18 && archives > 0) return { op: 'delete', index: below(archives) };
  if (choice < 19 && archives > 4) return { op: 'delete', index: 0 };
  return { op: 'import', tag, count: below(300), size: below(3000), from: 1 + below(50) };
}

/** Performs an operation on a log. */
export async function perform(log, operation) {
  switch (operation.op) {
    case 'append':
      return log.append(entriesOf(operation), { durable: operation.durable });
    case 'rollback':
      return log.rollback(BigInt(operation.to), operation.op);
    case 'trim':
      return log.trimHead(BigInt(operation.before));
    case 'delete': {
      let at = 0;
      for await (const { id } of log.archives()) {
        if (at++ === operation.index) return log.deleteArchive(id);
      }
      return undefined;
    }
    case 'import': {
      const source = new MemoryLog();
      await source.append(entriesOf(operation));
      await source.trimHead(BigInt(operation.from));
      const snapshot = await source.exportSnapshot();
      return log.importSnapshot(snapshot.chunks());
    }
  }
  throw new Error(`unknown operation ${operation.op}`);
}

/** Applies an operation to a model, `{ next, entries, archives }`, and returns the new model. */
export function apply(model, operation) {
  const { next, entries, archives } = model;
  switch (operation.op) {
    case 'append': {
      const added = modelEntries(operation, next);
      return { next: next + added.length, entries: [...entries, ...added], archives };
    }
    case 'rollback': {
      const cut = entries.filter((entry) => entry.vlsn > operation.to);
      return {
        next: operation.to + 1,
        entries: entries.filter((entry) => entry.vlsn <= operation.to),
        archives: cut.length > 0 ? [...archives, cut] : archives,
      };
    }
    case 'trim': {
      const limit = Math.min(operation.before, next - 1);
      return { next, entries: entries.filter((entry) => entry.vlsn >= limit), archives };
    }
    case 'delete':
      return { next, entries, archives: archives.filter((_, i) => i !== operation.index) };
    case 'import': {
      const all = modelEntries(operation, 1);
      const limit = Math.min(operation.from, all.length);
      return {
        next: all.length + 1,
        entries: all.filter((entry) => entry.vlsn >= limit),
        archives: entries.length > 0 ? [...archives, entries] : archives,
      };
    }
  }
  throw new Error(`unknown operation ${operation.op}`);
}

function modelEntries({ tag, count, size }, first) {
  return Array.from({ length: count }, (_, index) => ({ vlsn: first + index, tag, index, size }));
}

/** How a log differs from its model; undefined if it does not. */
export async function difference(log, model) {
  const { first, last } = log.range;
  const { entries, next, archives } = model;
  const range = `${entries[0]?.vlsn ?? 0}..${next - 1}`;
  if (`${first}..${last}` !== range) return `it holds ${first}..${last}, not ${range}`;
  if (entries.length > 0) {
    const wrong = await differs(log.read(first), entries);
    if (wrong) return wrong;
  }
  let at = 0;
  for await (const archive of log.archives()) {
    const expected = archives[at++];
    if (expected === undefined) return `there is archive ${archive.id} of ${archive.first}..`;
    const wrong = await differs(archive.entries(), expected);
    if (wrong) return `archive ${archive.id}: ${wrong}`;
  }
  return at === archives.length ? undefined : `there are ${at} archives, not ${archives.length}`;
}

async function differs(batches, expected) {
  let at = 0;
  for await (const batch of batches) {
    for (const { vlsn, type, payload } of batch) {
      const entry = expected[at++];
      if (entry === undefined || Number(vlsn) !== entry.vlsn) return `VLSN ${vlsn} is too much`;
      if (type !== entry.index % 3) return `VLSN ${vlsn} has type ${type}`;
      const right = payloadOf(entry.tag, entry.index, entry.size);
      if (Buffer.compare(payload, right) !== 0) return `VLSN ${vlsn} has another payload`;
    }
    if (at === expected.length) return undefined;
  }
  return at === expected.length ? undefined : `it ends after ${at} of ${expected.length}`;
}

export { seededRandom };
