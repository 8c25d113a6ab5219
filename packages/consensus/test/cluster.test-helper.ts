import {
  Consensus,
  type ConsensusOptions,
  type ConsensusOutput,
  type ConsensusReport,
  configurationOf,
  type LogTail,
  type LogView,
  type Message,
} from '../src/index.ts';

type Entry =
  | { readonly type: 'mark'; readonly term: bigint }
  | { readonly type: 'configuration'; readonly voters: Parameters<typeof configurationOf>[0] }
  | { readonly type: 'data'; readonly text: string };

/** One process, with its log. What the core asks for is done at once. */
class Process {
  readonly core: Consensus;
  readonly disk: Disk;
  readonly reports: ConsensusReport[] = [];
  /** The leader whose log it follows, and in which term. */
  following: { leader: string; term: bigint; matched?: boolean } | undefined;
  copying: { from: string; term: bigint } | undefined;
  serving: { to: string; term: bigint } | undefined;

  constructor(disk: Disk, options: Omit<ConsensusOptions, 'storeId' | 'votedTerm' | 'log'>) {
    this.disk = disk;
    const { storeId, votedTerm } = disk;
    this.core = new Consensus({ ...options, storeId, votedTerm, log: viewOf(disk.log) });
  }
}

/** What survives a crash. */
interface Disk {
  readonly storeId: string;
  votedTerm: bigint;
  log: readonly Entry[];
}

/** What a {@link Cluster} is made of. */
export interface ClusterOptions {
  readonly names: readonly string[];
  readonly seed: number;
  /** The share of messages that are lost. */
  readonly loss?: number;
  readonly options?: Partial<ConsensusOptions>;
}

/** Cores and their logs in virtual time, over a network that loses and delays messages. */
export class Cluster {
  readonly processes = new Map<string, Process>();
  readonly disks = new Map<string, Disk>();
  /** Who cannot be reached, and cannot reach others. */
  readonly cutOff = new Set<string>();
  readonly random: () => number;
  now = 0;
  readonly #options: ClusterOptions;
  #messages: { at: number; from: string; to: string; message: Message }[] = [];
  #lives = 0;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.random = generator(options.seed);
    for (const name of options.names) this.start(name);
  }

  /** Starts a process, with what is on its disk. */
  start(name: string): void {
    const { names, options } = this.#options;
    let disk = this.disks.get(name);
    if (disk === undefined) {
      disk = { storeId: `${name}-store`, votedTerm: 0n, log: [] };
      this.disks.set(name, disk);
    }
    const life = String(this.#lives++);
    const { random, now } = this;
    const own = { name, life, founding: names, random, now, ...options };
    this.processes.set(name, new Process(disk, own));
  }

  crash(name: string): void {
    this.processes.delete(name);
  }

  get(name: string): Consensus {
    return this.processes.get(name)!.core;
  }

  reports(name: string): readonly ConsensusReport[] {
    return this.processes.get(name)!.reports;
  }

  /** The names of all who lead, by their own account. */
  leaders(): string[] {
    const all = [...this.processes].filter(([, { core }]) => core.acceptsProposals);
    return all.map(([name]) => name);
  }

  /** Calls a core, and does what comes of it. */
  call(name: string, input: (core: Consensus) => void): void {
    const process = this.processes.get(name)!;
    input(process.core);
    this.#drain(name, process);
  }

  /** Appends at a leader. */
  append(name: string, text: string): void {
    this.#append(name, this.processes.get(name)!, [{ type: 'data', text }]);
  }

  /** The texts that a node takes for committed. */
  committed(name: string): string[] {
    const { core, disk } = this.processes.get(name)!;
    const entries = disk.log.slice(0, Number(core.commit));
    return entries.flatMap((entry) => (entry.type === 'data' ? [entry.text] : []));
  }

  /** Lets time pass until something holds. Throws if it does not within `limit` ms. */
  until(holds: () => boolean, limit = 60_000): void {
    const end = this.now + limit;
    while (!holds()) {
      if (this.now > end) throw new Error(`not within ${limit} ms`);
      this.pass(10);
    }
  }

  /** Lets time pass, in ms. */
  pass(duration: number): void {
    const end = this.now + duration;
    for (let next = this.#next(); next <= end; next = this.#next()) {
      this.now = next;
      this.#tick();
    }
    this.now = end;
  }

  /** When something happens next. */
  #next(): number {
    const messages = this.#messages.map(({ at }) => at);
    const deadlines = [...this.processes.values()].map(({ core }) => core.deadline);
    const isBusy = [...this.processes.values()].some(({ copying, following, disk }) => {
      const log = following && this.processes.get(following.leader)?.disk.log;
      return copying !== undefined || (log !== undefined && log !== disk.log);
    });
    return Math.max(
      this.now + 1,
      Math.min(...messages, ...deadlines, isBusy ? 0 : Number.POSITIVE_INFINITY),
    );
  }

  #tick(): void {
    const due = this.#messages.filter(({ at }) => at <= this.now);
    this.#messages = this.#messages.filter(({ at }) => at > this.now);
    for (const { from, to, message } of due) {
      if (this.#isCut(from, to)) continue;
      this.call(to, (core) => core.receive(from, message, this.now));
    }
    for (const [name, process] of this.processes) {
      if (process.core.deadline <= this.now) {
        this.call(name, (core) => core.handleTimeout(this.now));
      }
      this.#copy(name, process);
      this.#follow(name, process);
    }
  }

  #isCut(from: string, to: string): boolean {
    return this.cutOff.has(from) || this.cutOff.has(to) || !this.processes.has(to);
  }

  #drain(name: string, process: Process): void {
    for (let output = process.core.poll(); output; output = process.core.poll()) {
      this.#carryOut(name, process, output);
    }
  }

  #carryOut(name: string, process: Process, output: ConsensusOutput): void {
    const { core, disk } = process;
    switch (output.type) {
      case 'send':
        return this.#send(name, output.to, output.message);
      case 'broadcast':
        for (const to of this.disks.keys()) if (to !== name) this.#send(name, to, output.message);
        return;
      case 'storeVote':
        disk.votedTerm = output.term;
        return core.voteStored(output.term, this.now);
      case 'rest':
        process.following = process.copying = process.serving = undefined;
        return core.rested(viewOf(disk.log), this.now);
      case 'serve':
        process.serving = output;
        return;
      case 'copy':
        process.copying = output;
        return;
      case 'follow':
        process.following = { ...output };
        return;
      case 'lead': {
        const { term, cut, configuration } = output;
        const first: Entry[] = configuration
          ? [{ type: 'configuration', voters: configuration.voters }]
          : [];
        disk.log = [...disk.log.slice(0, Number(cut)), { type: 'mark', term }, ...first];
        return core.began(viewOf(disk.log), this.now);
      }
      case 'append': {
        const { voters } = output.configuration;
        return this.#append(name, process, [{ type: 'configuration', voters }]);
      }
      case 'report':
        process.reports.push(output.report);
        return;
      case 'commit':
        return;
    }
  }

  #send(from: string, to: string, message: Message): void {
    if (this.random() < (this.#options.loss ?? 0)) return;
    this.#messages.push({ at: this.now + 1 + Math.floor(this.random() * 5), from, to, message });
  }

  #append(name: string, process: Process, entries: readonly Entry[]): void {
    const { core, disk } = process;
    const before = disk.log.length;
    disk.log = [...disk.log, ...entries];
    core.appended(tailOf(disk.log, before), this.now);
    core.synced(BigInt(disk.log.length), this.now);
    this.#drain(name, process);
  }

  #copy(name: string, process: Process): void {
    const { copying, core, disk } = process;
    if (copying === undefined) return;
    process.copying = undefined;
    const source = this.processes.get(copying.from);
    const serves = source?.serving?.to === name && source.serving.term === copying.term;
    const complete = serves && !this.#isCut(copying.from, name);
    if (complete) disk.log = source.disk.log;
    core.copied(viewOf(disk.log), { complete }, this.now);
    this.#drain(name, process);
  }

  #follow(name: string, process: Process): void {
    const { following, core, disk } = process;
    if (following === undefined) return;
    const leader = this.processes.get(following.leader);
    if (leader === undefined || this.#isCut(following.leader, name)) return;
    const { log } = leader.disk;
    if (leader.core.role !== 'leader' || leader.core.votedTerm !== following.term) return;
    if (following.matched && disk.log === log) return;
    following.matched = true;
    disk.log = log;
    core.matched(viewOf(log), this.now);
    this.#drain(name, process);
  }
}

function viewOf(log: readonly Entry[]): LogView {
  const id = log.length === 0 ? undefined : 'log';
  return { ...tailOf(log, 0), id, synced: BigInt(log.length) };
}

function tailOf(log: readonly Entry[], from: number): LogTail {
  const batchEnds: bigint[] = [];
  const marks: { index: bigint; term: bigint }[] = [];
  const configurations: LogTail['configurations'][number][] = [];
  for (const [i, entry] of log.entries()) {
    if (i < from) continue;
    const index = BigInt(i + 1);
    batchEnds.push(index);
    if (entry.type === 'mark') marks.push({ index, term: entry.term });
    if (entry.type === 'configuration') {
      configurations.push({ index, configuration: configurationOf(entry.voters) });
    }
  }
  return { last: BigInt(log.length), batchEnds, marks, configurations };
}

/** Mulberry32. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}
