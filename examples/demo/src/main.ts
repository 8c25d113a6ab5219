// The demo: a cluster of six processes on this machine. Every line that it prints has been
// seen to happen; it exits with 0 only if all of them were.
import { randomBytes } from 'node:crypto';
import { MemberProcess } from './member-process.ts';
import type { MemberOptions } from './protocol.ts';

/** The cluster's secret. */
const key = randomBytes(32).toString('hex');
const COMMON_ENTRIES = 1_000;
const FEEDER_TAIL = 200;
const REPLICA_TAIL = 37;

const started = performance.now();
const members: MemberProcess[] = [];
let confirmed = 0;

/** Waits for something to be true, and tells how long that took. */
async function confirm(what: string, happened: Promise<unknown>): Promise<void> {
  const since = performance.now();
  const detail = await happened;
  confirmed++;
  const took = ((performance.now() - since) / 1000).toFixed(2).padStart(6);
  console.log(`  ok ${took} s  ${what}${typeof detail === 'string' ? `: ${detail}` : ''}`);
}

/** All of these, and when the first and the last one came. */
async function each(
  those: readonly MemberProcess[],
  wait: (member: MemberProcess) => Promise<unknown>,
): Promise<string> {
  const since = performance.now();
  const times = await Promise.all(
    those.map(async (member) => {
      await wait(member);
      return performance.now() - since;
    }),
  );
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
  return `by the first after ${seconds(Math.min(...times))}, by the last after ${seconds(Math.max(...times))}`;
}

const others = (than: MemberProcess): MemberProcess[] =>
  members.filter((member) => member !== than);

async function main(): Promise<void> {
  console.log('\nMembership: SWIM over UDP on 127.0.0.1, encrypted');
  const anchovy = start({ name: 'anchovy', bind: '127.0.0.1:0', isGateway: true, seeds: [] });
  const { address: seed, gateway } = await anchovy.report('ready');
  const [bream, cod, dace, eel] = ['bream', 'cod', 'dace', 'eel'].map((name) =>
    start({ name, bind: '127.0.0.1:0', seeds: [seed] }),
  ) as [MemberProcess, MemberProcess, MemberProcess, MemberProcess];
  await confirm('five processes find each other by Announce and Feed', whole());
  const fry = start({ name: 'fry', gateways: [gateway!], seeds: [seed] });
  await confirm('fry, which has no UDP, joins by WebSocket and a gateway', whole());

  await suspectAndRefute(dace);
  await killAndReturn(cod);

  console.log('\nSyncup: a replica with a diverged tail rejoins its feeder over TCP');
  await replicate(anchovy, bream);

  console.log('\nGoodbye');
  await leave(eel);
  // The gateway goes last: fry cannot say goodbye without it.
  await Promise.all([bream, dace, fry, members[2]!].map(stop));
  await stop(anchovy);
}

function start(options: Omit<MemberOptions, 'key'>): MemberProcess {
  const member = new MemberProcess({ ...options, key });
  members.push(member);
  return member;
}

/** Everyone sees all the others. */
async function whole(): Promise<string> {
  return each(members, async (member) => {
    member.address = (await member.report('ready')).address;
    await member.report('members', ({ addresses }) => addresses.length === members.length - 1);
  });
}

/** A process that is stopped for a moment is suspected, comes back and refutes. */
async function suspectAndRefute(victim: MemberProcess): Promise<void> {
  const about = ({ address }: { address: string }): boolean => address === victim.address;
  const marks = new Map(members.map((member) => [member, member.mark]));
  victim.signal('SIGSTOP');
  await confirm(
    `${victim.name} is stopped (SIGSTOP) and suspected`,
    Promise.any(
      others(victim).map((member) => member.report('suspected', about, marks.get(member))),
    ),
  );
  victim.signal('SIGCONT');
  const suspecting = others(victim).filter((member) =>
    member.saw('suspected', victim.address, marks.get(member)!),
  );
  await confirm(
    `${victim.name} goes on (SIGCONT) and refutes the suspicion`,
    each(suspecting, (member) => member.report('refuted', about, marks.get(member))),
  );
  for (const member of others(victim)) {
    if (member.saw('down', victim.address, marks.get(member)!))
      throw new Error(`${member.name} held ${victim.name} down`);
  }
}

/** A process that is killed is seen down by all, and up again when it is started again. */
async function killAndReturn(victim: MemberProcess): Promise<void> {
  const { address, name } = victim;
  const witnesses = others(victim);
  const marks = new Map(witnesses.map((member) => [member, member.mark]));
  victim.signal('SIGKILL');
  await confirm(
    `${name} is killed (SIGKILL) and seen down by all others`,
    each(witnesses, (member) =>
      member.report(
        'down',
        (report) => report.address === address && report.reason === 'failed',
        marks.get(member),
      ),
    ),
  );
  const again = start({ name, bind: address, seeds: [witnesses[0]!.address] });
  again.address = address;
  members[members.indexOf(victim)] = members.pop()!;
  await confirm(
    `${name} is started again and seen up by all others`,
    each(witnesses, (member) =>
      member.report('up', (report) => report.address === address, marks.get(member)),
    ),
  );
  await again.report('members', ({ addresses }) => addresses.length === members.length - 1);
}

/** Two logs that share a prefix: the replica gives up its own tail and takes the feeder's. */
async function replicate(feeder: MemberProcess, replica: MemberProcess): Promise<void> {
  feeder.tell({ type: 'feed', entries: COMMON_ENTRIES, diverged: FEEDER_TAIL });
  const source = await feeder.report('log');
  console.log(`     ${feeder.name} feeds ${source.entries} entries, digest ${source.digest}`);
  replica.tell({ type: 'replicate', entries: COMMON_ENTRIES, diverged: REPLICA_TAIL });
  const before = await replica.report('log');
  console.log(`     ${replica.name} holds ${before.entries} entries, digest ${before.digest}`);
  if (before.digest === source.digest) throw new Error('the logs do not differ');

  await confirm(
    'the handshake finds the matchpoint, and the tail is rolled back into an archive',
    replica.report('rollback').then((report) => {
      if (report.matchpoint !== String(COMMON_ENTRIES))
        throw new Error(`matchpoint ${report.matchpoint}`);
      return (
        `matchpoint ${report.matchpoint}, rolled back ${report.first}..${report.last} ` +
        `(${report.transactions} transactions), archive ${report.archive}`
      );
    }),
  );
  await confirm(
    `the stream resumes from the matchpoint on`,
    replica
      .report('streaming')
      .then(({ startVlsn, feeder: address }) => `from ${startVlsn}, of ${address}`),
  );
  const mark = replica.mark;
  replica.tell({ type: 'digest', vlsn: source.entries });
  await confirm(
    `${replica.name} ends with the digest of ${feeder.name}`,
    replica
      .report('log', ({ entries }) => entries === source.entries, mark)
      .then(({ digest }) => {
        if (digest !== source.digest)
          throw new Error(`digests differ: ${digest}, ${source.digest}`);
        return digest;
      }),
  );
}

/** A member that leaves is told apart from one that failed. */
async function leave(leaver: MemberProcess): Promise<void> {
  const marks = new Map(members.map((member) => [member, member.mark]));
  leaver.tell({ type: 'leave' });
  await confirm(
    `${leaver.name} leaves, and is seen to have left`,
    each(others(leaver), (member) =>
      member.report(
        'down',
        (report) => report.address === leaver.address && report.reason === 'left',
        marks.get(member),
      ),
    ),
  );
  await leaver.exit();
}

async function stop(member: MemberProcess): Promise<void> {
  member.tell({ type: 'leave' });
  await member.exit();
}

try {
  await main();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`\n${confirmed} things were announced and seen to happen, in ${seconds} s.`);
} catch (error) {
  console.error(`\nFAILED: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  for (const member of members) member.signal('SIGKILL');
}
