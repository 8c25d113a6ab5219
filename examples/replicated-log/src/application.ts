// One of the three processes: an application with a replicated log.
import { createNode, formatTerm } from '@shoal/node';
import type { Command, Report } from './protocol.ts';

const [name, bind, path, ...seeds] = process.argv.slice(2) as [string, string, string];
const report = (message: Report): void => void process.send?.(message);
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const COMMIT = 1;

/** The application's state: here simply all lines, in order. */
const state: string[] = [];

const node = await createNode({
  name,
  bind,
  seeds,
  log: { path },
  voters: ['a', 'b', 'c'],
  // Builds the state from the log that this process finds, before anything changes.
  onOpen: async (log) => {
    if (log.range.last > 0n) state.push(...(await lines(log.read(1n), log.range.last)));
  },
  onEntries: (entries) => {
    for (const { payload } of entries) state.push(decoder.decode(payload));
  },
  onRollback: async ({ matchpoint, discarded }) => {
    const undone = await lines(discarded.entries());
    state.splice(state.length - undone.length);
    report({ type: 'rollback', matchpoint: `${matchpoint}`, undone, archive: discarded.id });
  },
});
node.on('role', ({ role, term }) =>
  report({ type: 'role', role, leader: node.leader ?? '', term: formatTerm(term) }),
);
report({ type: 'ready', address: node.address });

/** The lines among entries, up to `last`: a log is read without end. */
async function lines(
  batches: AsyncIterable<readonly { type: number; payload: Uint8Array; vlsn: bigint }[]>,
  last?: bigint,
): Promise<string[]> {
  const found: string[] = [];
  for await (const batch of batches) {
    for (const { type, payload } of batch) if (type === COMMIT) found.push(decoder.decode(payload));
    if (batch.at(-1)!.vlsn === last) break;
  }
  return found;
}

/** A leader applies the lines that it appends by itself. */
async function append(line: string, acks: number): Promise<void> {
  try {
    await node.append([{ type: COMMIT, payload: encoder.encode(line) }], { acks });
    state.push(line);
    report({ type: 'appended', line });
  } catch (error) {
    report({ type: 'refused', line, code: (error as { code?: string }).code ?? String(error) });
  }
}

async function content(): Promise<void> {
  const { last } = node.log!.range;
  const entry = await node.log!.entry(last);
  report({
    type: 'content',
    // Fingerprints are chained, so the last one stands for the whole log.
    digest: entry!.fingerprint.toString(16).padStart(16, '0'),
    log: await lines(node.log!.read(1n), last),
    state: [...state],
  });
}

async function obey(command: Command): Promise<void> {
  switch (command.type) {
    case 'append':
      return append(command.line, command.acks);
    case 'content':
      return content();
    case 'leave':
      await node.leave();
      process.disconnect();
  }
}

process.on('message', (command: Command) => void obey(command));
process.on('disconnect', () => process.exit());
