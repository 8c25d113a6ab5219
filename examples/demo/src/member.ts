// One member of the demo's cluster: a process of its own, told what to do by its parent.
import { local, withMetadata } from '@shoal/membership';
import { startMembership } from '@shoal/membership/driver';
import { MemoryLog, NOXU_ENTRY_KINDS } from '@shoal/syncup';
import { type Feeder, type Replica, startFeeder, startReplica } from '@shoal/syncup/driver';
import { createTcpTransport } from '@shoal/transport-node';
import { LABEL, openDatagrams } from './datagrams.ts';
import type { Command, MemberOptions, Metadata, Report } from './protocol.ts';

const options = JSON.parse(process.argv[2]!) as MemberOptions;
const report = (message: Report): void => void process.send?.(message);

// The local preset, with shorter periods: so that nobody has to wait for the demo.
const config = { ...local(), probePeriod: 500, probeTimeout: 150, indirectProbes: 3 };
const { transport, gateway } = await openDatagrams(options);
const membership = startMembership({ transport, seeds: options.seeds, config, label: LABEL });
report({ type: 'ready', address: transport.localAddress, ...(gateway ? { gateway } : {}) });

const reportMembers = (): void =>
  report({ type: 'members', addresses: membership.members().map(({ id }) => id.address) });

membership.on('memberUp', ({ member }) => {
  report({ type: 'up', address: member.id.address });
  reportMembers();
});
membership.on('memberDown', ({ member, reason }) => {
  report({ type: 'down', address: member.id.address, reason });
  reportMembers();
});
membership.on('memberSuspected', ({ member }) =>
  report({ type: 'suspected', address: member.id.address }),
);
membership.on('memberRefuted', ({ member }) =>
  report({ type: 'refuted', address: member.id.address }),
);

/** Noxu's entry types: a commit, at which a matchpoint may lie, after every four inserts. */
const COMMIT = 30;
const INSERT = 13;
const log = new MemoryLog({ kinds: NOXU_ENTRY_KINDS, fingerprint: 'noxu' });
const tcp = createTcpTransport();
let feeder: Feeder | undefined;
let replica: Replica | undefined;

/** The same entries everywhere, and then some that only this node has. */
async function fillLog(entries: number, diverged: number): Promise<void> {
  const utf8 = new TextEncoder();
  const entry = (vlsn: number, from: string): { type: number; payload: Uint8Array } => ({
    type: vlsn % 5 === 0 ? COMMIT : INSERT,
    payload: utf8.encode(`entry ${vlsn} written on ${from}`),
  });
  const common = Array.from({ length: entries }, (_, i) => entry(i + 1, 'the first feeder'));
  const own = Array.from({ length: diverged }, (_, i) => entry(entries + i + 1, options.name));
  await log.append([...common, ...own]);
}

function reportLog(): void {
  report({ type: 'log', entries: String(log.range.last), digest: log.digest() });
}

/** Feeds the log, and says so by this member's metadata. */
async function feed(): Promise<void> {
  const listener = await tcp.listen('127.0.0.1:0');
  feeder = startFeeder({ log, listener });
  const metadata: Metadata = { role: 'feeder', log: listener.address };
  const bytes = new TextEncoder().encode(JSON.stringify(metadata));
  membership.updateIdentity(withMetadata(membership.identity, bytes));
}

/** The log's address, of the first member that says that it feeds. */
async function findFeeder(): Promise<string> {
  for (;;) {
    const updated = new Promise<void>((resolve) => {
      membership.addEventListener('memberUpdated', () => resolve(), { once: true });
    });
    for (const { id } of membership.members()) {
      if (id.metadata.length === 0) continue;
      const metadata = JSON.parse(new TextDecoder().decode(id.metadata)) as Metadata;
      if (metadata.role === 'feeder') return metadata.log;
    }
    await updated;
  }
}

async function replicate(): Promise<void> {
  const address = await findFeeder();
  replica = startReplica({
    log,
    dialect: 'noxu',
    dial: (options) => tcp.dial(address, options),
    onRollback: ({ matchpoint, discarded, plan }) =>
      report({
        type: 'rollback',
        matchpoint: String(matchpoint),
        first: String(discarded.first),
        last: String(discarded.last),
        transactions: plan.decision.passed.count,
        archive: discarded.id,
      }),
  });
  replica.on('streaming', ({ startVlsn }) =>
    report({ type: 'streaming', startVlsn: String(startVlsn), feeder: address }),
  );
}

/** Goes on as the parent says; a failure ends this process, which the parent notices. */
async function obey(command: Command): Promise<void> {
  switch (command.type) {
    case 'feed':
      await fillLog(command.entries, command.diverged);
      await feed();
      return reportLog();
    case 'replicate':
      await fillLog(command.entries, command.diverged);
      reportLog();
      return replicate();
    case 'digest':
      await replica?.applied(BigInt(command.vlsn));
      return reportLog();
    case 'leave':
      await replica?.close();
      await feeder?.close();
      await membership.leave();
      await membership.close();
      process.disconnect();
  }
}

process.on('message', (command: Command) => void obey(command));
process.on('disconnect', () => void membership.close());
