import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, each } from './cluster.ts';
import { type MemberProcess, TIMEOUT } from './member-process.ts';
import { marksOf, seenDown } from './membership-story.ts';

const COMMON = 200;
const LOST = 7;
const LATER = 40;

/** Appends transactions. Resolves with the last VLSN once a majority has acknowledged them. */
async function append(leader: MemberProcess, transactions: number): Promise<string> {
  const { mark } = leader;
  leader.tell({ type: 'append', transactions });
  const done = await leader.report('appended', () => true, mark);
  return done.last;
}

/** Resolves with the one of these nodes that leads in a later term, once the others follow it. */
async function elected(those: readonly MemberProcess[], after = 0): Promise<MemberProcess> {
  const end = performance.now() + TIMEOUT;
  while (performance.now() < end) {
    const leader = those.find(({ state }) => state?.role === 'leader');
    const { term = '' } = leader?.state ?? {};
    const follows = ({ state }: MemberProcess): boolean =>
      state?.role === 'follower' && state.leader === leader?.name && state.term === term;
    const agreed = those.every((one) => one === leader || follows(one));
    if (leader !== undefined && agreed && roundOf(term) > after) return leader;
    await sleep(20);
  }
  throw new Error(`no leader after round ${after} within ${TIMEOUT} ms`);
}

/** The round of a term: voters that elect by themselves count terms by it. */
function roundOf(term: string): number {
  return Number(term.split('.')[1]);
}

const termOf = ({ state }: MemberProcess): string => `term ${state!.term}`;
const nameAndTerm = (leader: MemberProcess): string => `${leader.name}, in ${termOf(leader)}`;

/** The voters elect a leader and two followers. Resolves with the leader. */
export async function replicate(cluster: Cluster): Promise<MemberProcess> {
  const { checks, voters } = cluster;
  const election = elected(voters);
  await checks.confirm('the three voters elect a leader', election.then(nameAndTerm));
  const leader = await election;
  let last = '';
  await checks.confirm(
    `${COMMON} transactions of five entries are on the disks of a majority`,
    append(leader, COMMON).then((vlsn) => {
      last = vlsn;
      return `up to VLSN ${vlsn}`;
    }),
  );
  await checks.confirm('all three hold the same log', cluster.equal(last));
  return leader;
}

/**
 * The leader is cut off while it appends; the others elect one of them; the first one comes back.
 * Resolves with the leader.
 */
export async function divergeAndRejoin(
  cluster: Cluster,
  stale: MemberProcess,
): Promise<MemberProcess> {
  const { checks } = cluster;
  const old = stale.name;
  const { last: common, term } = stale.state!;
  const { mark } = stale;
  const election = elected(cluster.votersBut(stale), roundOf(term));
  stale.tell({ type: 'cut', transactions: LOST });
  await checks.confirm(
    `${old}'s network is cut; the others elect a leader`,
    election.then(nameAndTerm),
  );
  const leader = await election;
  let last = '';
  await checks.confirm(
    `${LATER} more transactions are on the disks of a majority, without ${old}`,
    append(leader, LATER).then((vlsn) => {
      last = vlsn;
      return `up to VLSN ${vlsn}`;
    }),
  );
  await checks.confirm(
    `${old} hears no majority, and steps down; what it has appended is not acknowledged`,
    stale
      .report('notAppended', () => true, mark)
      .then(({ code, reason }) => {
        if (code !== 'fenced') throw new Error(`append failed with ${code}: ${reason}`);
        return reason;
      }),
  );
  const end = BigInt(common) + BigInt(LOST * 5);
  const alone = await stale.stands(
    `ends at ${end} and knows no leader`,
    (state) => BigInt(state.last) === end && state.leader === '',
  );
  if (alone.digest === leader.state!.digest) throw new Error('the logs do not differ');
  checks.tell(`${old} ends at VLSN ${alone.last}, and knows no leader`);

  stale.tell({ type: 'mend' });
  await checks.confirm(
    `${old} is back and syncs up: its diverged tail is rolled back into an archive`,
    stale
      .report('rollback', () => true, mark)
      .then((report) => {
        const { matchpoint, first, archived, transactions } = report;
        if (matchpoint !== common) throw new Error(`matchpoint ${matchpoint}, not ${common}`);
        if (transactions !== LOST || archived !== LOST * 5) {
          throw new Error(`${transactions} transactions and ${archived} entries, not ${LOST}`);
        }
        return (
          `matchpoint ${matchpoint}, rolled back ${first}..${report.last} ` +
          `(${transactions} transactions), archive ${report.archive} in ${report.path}`
        );
      }),
  );
  await checks.confirm(`${old} follows ${leader.name}`, elected(cluster.voters).then(termOf));
  await checks.confirm(`${old} ends with the digest of ${leader.name}`, cluster.equal(last));
  return leader;
}

/** The leader hands over to another voter. Resolves with that one. */
export async function handOver(
  cluster: Cluster,
  old: MemberProcess,
  next: MemberProcess,
): Promise<MemberProcess> {
  const { mark, state } = old;
  const election = elected(cluster.voters, roundOf(state!.term));
  old.tell({ type: 'transfer', to: next.name });
  await cluster.checks.confirm(
    `${old.name} hands over to ${next.name}`,
    old
      .report('transferred', () => true, mark)
      .then(() => election)
      .then((leader) => {
        if (leader !== next) throw new Error(`${leader.name} leads`);
        return termOf(leader);
      }),
  );
  return next;
}

/** The leader is killed; another one takes over; the first one restarts from its disk. */
export async function killTheLeader(
  cluster: Cluster,
  victim: MemberProcess,
): Promise<MemberProcess> {
  const { checks } = cluster;
  const old = victim.name;
  const witnesses = cluster.others(victim);
  const marks = marksOf(witnesses);
  const election = elected(cluster.votersBut(victim), roundOf(victim.state!.term));
  victim.signal('SIGKILL');
  await checks.confirm(
    `${old}, the leader, is killed (SIGKILL), and the others elect a leader`,
    election.then(nameAndTerm),
  );
  const leader = await election;
  await checks.confirm(
    `${LATER} more transactions are on the disks of a majority`,
    append(leader, LATER).then((vlsn) => `up to VLSN ${vlsn}`),
  );
  await checks.confirm('all others see it fail', seenDown(witnesses, victim, 'failed', marks));
  await restart(cluster, victim, leader);
  await checks.confirm(
    `${old} opens its log and follows ${leader.name}`,
    elected(cluster.voters).then(termOf),
  );
  const last = await append(leader, LATER);
  await checks.confirm('all three hold the same log again', cluster.equal(last));
  return leader;
}

/** A voter comes back without its disk. Its vote is gone too, so it is made a voter anew. */
export async function replaceVoter(
  cluster: Cluster,
  victim: MemberProcess,
  leader: MemberProcess,
): Promise<void> {
  const { checks } = cluster;
  victim.signal('SIGKILL');
  await victim.exit();
  cluster.loseDisk(victim);
  await restart(cluster, victim, leader);
  const { mark } = leader;
  leader.tell({ type: 'replace', voter: victim.name });
  await checks.confirm(
    `${victim.name}, which has lost its disk, catches up and becomes a voter again`,
    leader.report('votersChanged', () => true, mark),
  );
  const last = await append(leader, LATER);
  await checks.confirm('all three hold the same log again', cluster.equal(last));
}

/** A process takes the place of one that was killed, with what is on its disk. */
async function restart(
  cluster: Cluster,
  victim: MemberProcess,
  seed: MemberProcess,
): Promise<void> {
  const { name, address } = victim;
  const witnesses = cluster.others(victim);
  const marks = marksOf(witnesses);
  cluster.start({ name, bind: address, seeds: [seed.address] });
  const seen = each(witnesses, (witness) =>
    witness.report('up', (report) => report.address === address, marks.get(witness)),
  );
  await cluster.checks.confirm(
    `${name} restarts, and all others see it come back`,
    Promise.all([seen, cluster.whole()]).then(([times]) => times),
  );
}
