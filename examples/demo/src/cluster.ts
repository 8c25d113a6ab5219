import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Checks } from './checks.ts';
import { MemberProcess } from './member-process.ts';
import type { MemberOptions } from './protocol.ts';

/** The members that have a log and form majorities. */
const VOTERS = ['anchovy', 'bream', 'cod'];

type StartOptions = Omit<MemberOptions, 'key' | 'voters' | 'seeds'> &
  Partial<Pick<MemberOptions, 'seeds'>>;

/** The processes of the demo. */
export class Cluster {
  readonly members: MemberProcess[] = [];
  readonly checks: Checks = new Checks(this.members);
  readonly #key: string;
  readonly #directory: string;

  constructor(key: string, directory: string) {
    this.#key = key;
    this.#directory = directory;
  }

  /** Starts a process, in place of an earlier one with the same name. */
  start(options: StartOptions): MemberProcess {
    const { name } = options;
    const path = VOTERS.includes(name) ? { path: join(this.#directory, name) } : {};
    const member = new MemberProcess({
      seeds: [],
      ...options,
      ...path,
      voters: VOTERS,
      key: this.#key,
    });
    const at = this.members.findIndex((one) => one.name === name);
    if (at < 0) this.members.push(member);
    else this.members[at] = member;
    return member;
  }

  get(name: string): MemberProcess {
    return this.members.find((member) => member.name === name)!;
  }

  others(than: MemberProcess): MemberProcess[] {
    return this.members.filter((member) => member !== than);
  }

  get voters(): MemberProcess[] {
    return VOTERS.map((name) => this.get(name));
  }

  /** The voters without this one. */
  votersBut(one: MemberProcess): MemberProcess[] {
    return this.voters.filter((voter) => voter !== one);
  }

  /** Takes the log of a process that has ended away. */
  loseDisk({ name }: MemberProcess): void {
    rmSync(join(this.#directory, name), { recursive: true });
  }

  /** Resolves once every member sees all others. */
  async whole(): Promise<string> {
    return each(this.members, async (member) => {
      member.address = (await member.report('ready')).address;
      const seen = this.members.length - 1;
      await member.stands('sees all others', ({ members }) => members.length === seen);
    });
  }

  /** Resolves with the digest once all voters hold the same log up to this VLSN. */
  async equal(last: string): Promise<string> {
    const held = `holds VLSN ${last}`;
    const states = await Promise.all(
      this.voters.map((voter) => voter.stands(held, (state) => state.last === last)),
    );
    const digests = new Set(states.map(({ digest }) => digest));
    if (digests.size > 1) throw new Error(`digests differ: ${[...digests]}`);
    return `${last} entries, digest ${[...digests][0]}`;
  }

  async stop(name: string): Promise<void> {
    const member = this.get(name);
    member.tell({ type: 'leave' });
    await member.exit();
  }

  kill(): void {
    for (const member of this.members) member.signal('SIGKILL');
  }
}

/** Waits for all members, and tells when the first and the last one was there. */
export async function each(
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
