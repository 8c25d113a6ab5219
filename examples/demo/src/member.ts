// One member of the demo's cluster, in a process that its parent controls.
import { local } from '@shoal/membership';
import { createNode, formatTerm, NodeError, type NodeMember } from '@shoal/node';
import { createTcpTransport } from '@shoal/transport-node';
import { Cable } from './cable.ts';
import { LABEL, openDatagrams } from './datagrams.ts';
import type { Command, MemberOptions, Report } from './protocol.ts';

const options = JSON.parse(process.argv[2]!) as MemberOptions;
const report = (message: Report): void => void process.send?.(message);
const { name, bind, seeds, voters, path } = options;

const cable = new Cable();
const { transport, gateway } = await openDatagrams(options);
const node = await createNode({
  name,
  ...(bind === undefined ? {} : { bind: '127.0.0.1:0' }),
  seeds,
  label: LABEL,
  transports: {
    datagrams: cable.datagrams(transport),
    streams: cable.streams(createTcpTransport()),
  },
  // The local preset with shorter periods, so that the demo takes less time.
  config: { ...local(), probePeriod: 500, probeTimeout: 150, indirectProbes: 3 },
  joinRetry: { first: 100, most: 1000 },
  ...(path === undefined ? {} : { log: { path }, voters }),
  replication: { heartbeatInterval: 200, idleTimeout: 2000, reconnect: { maxDelay: 500 } },
});
report({ type: 'ready', address: node.address, ...(gateway ? { gateway } : {}) });

const about = (type: 'up' | 'suspected' | 'refuted') => {
  return ({ member }: { member: NodeMember }): void => report({ type, address: member.address });
};
node.on('memberUp', about('up'));
node.on('memberRestarted', about('up'));
node.on('memberSuspected', about('suspected'));
node.on('memberRefuted', about('refuted'));
node.on('memberDown', ({ member, reason }) =>
  report({ type: 'down', address: member.address, reason }),
);
node.on('role', ({ role, term }) =>
  report({ type: 'role', role, term: formatTerm(term), leader: node.leader ?? '' }),
);
node.on('steppedDown', ({ term, error }) =>
  report({ type: 'steppedDown', term: formatTerm(term), reason: error.message }),
);
node.on('failed', ({ error }) => {
  throw error;
});
node.on('rollback', async ({ matchpoint, discarded, transactions }) => {
  let archived = 0;
  for await (const batch of discarded.entries()) archived += batch.length;
  report({
    type: 'rollback',
    matchpoint: String(matchpoint),
    first: String(discarded.first),
    last: String(discarded.last),
    transactions,
    archive: discarded.id,
    archived,
    path: path!,
  });
});

async function reportState(): Promise<void> {
  const last = node.log?.range.last ?? 0n;
  const entry = await node.log?.entry(last);
  report({
    type: 'state',
    role: node.role,
    term: node.term === 0n ? '' : formatTerm(node.term),
    leader: node.leader ?? '',
    members: node.members().map(({ address }) => address),
    last: String(last),
    digest: entry === undefined ? '' : entry.fingerprint.toString(16).padStart(16, '0'),
  });
}
const reporting = setInterval(() => void reportState(), 200);

const utf8 = new TextEncoder();
const DATA = 0;
const COMMIT = 1;
let count = 0;

/** Four entries of data and their commit, which are kept or lost together. */
function transaction(): { type: number; payload: Uint8Array }[] {
  const number = ++count;
  const entry = (type: number, text: string) => ({
    type,
    payload: utf8.encode(`${text} of transaction ${number}, written by ${name}`),
  });
  return [...[1, 2, 3, 4].map((i) => entry(DATA, `row ${i}`)), entry(COMMIT, 'commit')];
}

async function append(transactions: number): Promise<void> {
  try {
    const all = Array.from({ length: transactions }, () => node.append(transaction()));
    const done = await Promise.all(all);
    const { last, term } = done.at(-1)!;
    report({ type: 'appended', last: String(last), term: formatTerm(term) });
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    report({ type: 'notAppended', code: error.code, reason: error.message });
  }
}

/** Obeys the parent. A failure ends this process, which the parent notices. */
async function obey(command: Command): Promise<void> {
  switch (command.type) {
    case 'append':
      return append(command.transactions);
    case 'cut':
      cable.cut();
      return append(command.transactions);
    case 'mend':
      return cable.mend();
    case 'transfer':
      await node.transferLeadership(command.to);
      return report({ type: 'transferred' });
    case 'replace':
      await node.changeVoters({ remove: [command.voter], add: [command.voter] });
      return report({ type: 'votersChanged' });
    case 'leave':
      clearInterval(reporting);
      await node.leave();
      process.disconnect();
  }
}

process.on('message', (command: Command) => void obey(command));
process.on('disconnect', () => process.exit());
