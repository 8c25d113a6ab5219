import { type Cluster, each } from './cluster.ts';
import type { MemberProcess } from './member-process.ts';

/** Resolves once all witnesses have seen the member fail or leave since those marks. */
export function seenDown(
  witnesses: readonly MemberProcess[],
  member: MemberProcess,
  reason: 'failed' | 'left',
  marks: ReadonlyMap<MemberProcess, number>,
): Promise<string> {
  return each(witnesses, (witness) =>
    witness.report(
      'down',
      (report) => report.address === member.address && report.reason === reason,
      marks.get(witness),
    ),
  );
}

/** The present position in the reports of each member. */
export function marksOf(members: readonly MemberProcess[]): Map<MemberProcess, number> {
  return new Map(members.map((member) => [member, member.mark]));
}

/** A process that is stopped for a moment is suspected, continues, and refutes the suspicion. */
export async function suspectAndRefute(cluster: Cluster, name: string): Promise<void> {
  const { checks } = cluster;
  const victim = cluster.get(name);
  const witnesses = cluster.others(victim);
  const about = ({ address }: { address: string }): boolean => address === victim.address;
  const marks = marksOf(witnesses);
  victim.signal('SIGSTOP');
  await checks.confirm(
    `${name} is stopped (SIGSTOP) and suspected`,
    Promise.any(witnesses.map((member) => member.report('suspected', about, marks.get(member)))),
  );
  victim.signal('SIGCONT');
  const suspecting = witnesses.filter((member) =>
    member.saw('suspected', victim.address, marks.get(member)!),
  );
  await checks.confirm(
    `${name} continues (SIGCONT) and refutes the suspicion`,
    each(suspecting, (member) => member.report('refuted', about, marks.get(member))),
  );
  for (const member of witnesses) {
    if (member.saw('down', victim.address, marks.get(member)!)) {
      throw new Error(`${member.name} considered ${name} down`);
    }
  }
}

/** A member that leaves is not taken for one that failed. */
export async function leave(cluster: Cluster, name: string): Promise<void> {
  const leaver = cluster.get(name);
  const witnesses = cluster.others(leaver);
  const marks = marksOf(witnesses);
  leaver.tell({ type: 'leave' });
  await cluster.checks.confirm(
    `${name} leaves, and all others see that it left`,
    seenDown(witnesses, leaver, 'left', marks),
  );
  await leaver.exit();
}
