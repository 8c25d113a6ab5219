import type { Cluster } from './cluster.ts';
import type { MemberProcess } from './member-process.ts';
import { marksOf, seenDown } from './membership-story.ts';

const COMMON = 200;
const LOST = 7;
const LATER = 40;

/** Appends transactions. Resolves with the last VLSN once a majority has acknowledged them. */
async function append(leader: MemberProcess, transactions: number): Promise<string> {
  const { mark } = leader;
  leader.tell({ type: 'append', transactions, timeout: 30_000 });
  const done = await leader.report('appended', () => true, mark);
  return done.last;
}

/** Resolves once the node leads and the others follow it. */
async function leads(leader: MemberProcess, followers: readonly MemberProcess[]): Promise<string> {
  const { term } = await leader.stands('leads', ({ role }) => role === 'leader');
  await Promise.all(
    followers.map((follower) =>
      follower.stands(
        `follows ${leader.name}`,
        (state) => state.role === 'follower' && state.leader === leader.name && state.term === term,
      ),
    ),
  );
  return `term ${term}`;
}

/** A leader and two followers. */
export async function replicate(cluster: Cluster, name: string): Promise<void> {
  const { checks } = cluster;
  const leader = cluster.get(name);
  const followers = cluster.voters.filter((voter) => voter !== leader);
  cluster.choose(name, 1);
  const names = followers.map((follower) => follower.name).join(' and ');
  await checks.confirm(
    `${name} is chosen and leads; ${names} find it and follow`,
    leads(leader, followers),
  );
  let last = '';
  await checks.confirm(
    `${COMMON} transactions of five entries are on the disks of a majority`,
    append(leader, COMMON).then((vlsn) => {
      last = vlsn;
      return `up to VLSN ${vlsn}`;
    }),
  );
  await checks.confirm('all three hold the same log', cluster.equal(last));
}

/** The leader is cut off and continues alone; another one takes over; the first one comes back. */
export async function divergeAndRejoin(cluster: Cluster, old: string, next: string): Promise<void> {
  const { checks } = cluster;
  const [stale, leader] = [cluster.get(old), cluster.get(next)];
  const followers = cluster.voters.filter((voter) => voter !== leader && voter !== stale);
  const common = stale.state!.last;

  const { mark } = stale;
  stale.tell({ type: 'cut' });
  stale.tell({ type: 'append', transactions: LOST, timeout: 1500 });
  await checks.confirm(
    `${old}'s network is cut; no majority acknowledges what it appends now`,
    stale.report('notAppended', () => true, mark).then(({ code }) => `after 1.5 s: ${code}`),
  );
  cluster.choose(next, 2, [leader, ...followers]);
  await checks.confirm(`${next} is chosen; a majority votes for it`, leads(leader, followers));
  let last = '';
  await checks.confirm(
    `${LATER} more transactions are on the disks of a majority, without ${old}`,
    append(leader, LATER).then((vlsn) => {
      last = vlsn;
      return `up to VLSN ${vlsn}`;
    }),
  );
  const alone = stale.state!;
  if (alone.digest === leader.state!.digest) throw new Error('the logs do not differ');
  if (alone.role !== 'leader') throw new Error(`${old} stepped down while it was cut off`);
  checks.tell(`${old} ends at VLSN ${alone.last}, and still considers itself the leader`);

  stale.tell({ type: 'mend' });
  await checks.confirm(
    `${old} is back, learns of the later term and steps down`,
    stale.report('steppedDown', () => true, mark).then(({ reason }) => reason),
  );
  await checks.confirm(
    `${old} syncs up: its diverged tail is rolled back into an archive`,
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
  await checks.confirm(`${old} ends with the digest of ${next}`, cluster.equal(last));
}

/** The leader is killed; another one takes over; the first one restarts from its disk. */
export async function killTheLeader(cluster: Cluster, old: string, next: string): Promise<void> {
  const { checks } = cluster;
  const [victim, leader] = [cluster.get(old), cluster.get(next)];
  const witnesses = cluster.others(victim);
  const marks = marksOf(witnesses);
  victim.signal('SIGKILL');
  await checks.confirm(
    `${old}, the leader, is killed (SIGKILL), and all others see it fail`,
    seenDown(witnesses, victim, 'failed', marks),
  );
  const rest = cluster.voters.filter((voter) => voter !== victim);
  cluster.choose(next, 3, rest);
  await checks.confirm(
    `${next} is chosen and leads`,
    leads(
      leader,
      rest.filter((voter) => voter !== leader),
    ),
  );
  const again = cluster.start({ name: old, bind: victim.address, seeds: [leader.address] });
  again.address = victim.address;
  await checks.confirm(`${old} restarts, and all others see it come back`, cluster.whole());
  await checks.confirm(`${old} opens its log and follows ${next}`, leads(leader, [again]));
  const last = await append(leader, LATER);
  await checks.confirm('all three hold the same log again', cluster.equal(last));
}
