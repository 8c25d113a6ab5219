import type {
  Consensus,
  ConsensusOptions,
  ConsensusOutput,
  Message,
  State,
} from '@shoal/consensus';
import type { CheckBounds } from './bounds.ts';
import type { LogTrie, TrieEntry } from './log-trie.ts';

/** The class that is checked: the real one, or a changed one. */
export type ConsensusClass = new (options: ConsensusOptions) => Consensus;

/** What a driver does for its core over time. */
type Job =
  | {
      readonly type: 'copy';
      readonly from: string;
      readonly storeId: string;
      readonly log: number;
      readonly matched: boolean;
    }
  | {
      readonly type: 'follow';
      readonly leader: string;
      readonly term: bigint;
      readonly matched: boolean;
    };

/** A node: its core, what is on its disk, and what its driver does. Plain data. */
export interface NodeState {
  readonly name: string;
  readonly storeId: string;
  /** How many processes it has had. */
  readonly life: number;
  readonly core: State;
  readonly log: number;
  /** How many entries are on stable storage. */
  readonly synced: number;
  /** The voted term on stable storage. */
  readonly stored: bigint;
  /** A vote that is being stored. */
  readonly storing: bigint | undefined;
  readonly job: Job | undefined;
  /** The logs that came with the votes for its present campaign. */
  readonly sources: Readonly<Record<string, number>>;
  /** The candidate that the log is served to, and in which term. */
  readonly serving: { readonly to: string; readonly term: bigint } | undefined;
}

/** A message on its way. It may arrive at any time, any number of times, or never. */
export interface Packet {
  readonly from: string;
  readonly to: string;
  readonly message: Message;
  /** The log of the sender, when it was sent. */
  readonly log: number;
}

/** What comes of one thing that a node does. */
export interface NodeStep {
  readonly node: NodeState;
  readonly sent: readonly Packet[];
  /** Set if it has begun to lead. */
  readonly led: { readonly term: bigint; readonly log: number } | undefined;
  /** What it takes for committed from now on. */
  readonly committed: readonly number[];
}

/** One thing that a node does. */
export type NodeInput =
  | { readonly type: 'campaign' }
  | { readonly type: 'voteStored' }
  /** `number`: that of the packet among all of a run. */
  | { readonly type: 'receive'; readonly packet: Packet; readonly number: number }
  | {
      readonly type: 'heartbeat';
      readonly from: string;
      readonly term: bigint;
      readonly commit: number;
    }
  | { readonly type: 'copy'; readonly source: number }
  | { readonly type: 'sourceGone' }
  | { readonly type: 'follow'; readonly source: number }
  | { readonly type: 'append' }
  | { readonly type: 'flush' }
  | { readonly type: 'add' | 'remove'; readonly voter: string }
  | { readonly type: 'crash'; readonly keeps: number }
  | { readonly type: 'wipe' };

/** Runs the real core of one node, and stands in for its driver and its disk. */
export class NodeModel {
  readonly #Consensus: ConsensusClass;
  readonly #trie: LogTrie;
  readonly #bounds: CheckBounds;
  readonly #machines = new Map<string, Consensus>();
  // The step that is under way.
  #machine!: Consensus;
  #node!: { -readonly [K in keyof NodeState]: NodeState[K] };
  #sent: Packet[] = [];
  #led: NodeStep['led'];
  #committed: number[] = [];

  constructor(Consensus: ConsensusClass, trie: LogTrie, bounds: CheckBounds) {
    this.#Consensus = Consensus;
    this.#trie = trie;
    this.#bounds = bounds;
  }

  /** A process that has just started. */
  start(
    name: string,
    disk: { storeId: string; log: number; stored: bigint; life: number },
  ): NodeState {
    const { storeId, log, stored, life } = disk;
    const synced = this.#trie.length(log);
    const view = this.#trie.view(log, synced);
    const machine = this.#create({ name, storeId, life, votedTerm: stored, log: view });
    const none = { storing: undefined, job: undefined, sources: {}, serving: undefined };
    return { name, storeId, life, core: machine.save(), log, synced, stored, ...none };
  }

  /**
   * Does one thing. Undefined if it is not possible. Throws the core's error `log` if its log
   * contradicts what it knew.
   */
  step(node: NodeState, input: NodeInput): NodeStep | undefined {
    this.#sent = [];
    this.#led = undefined;
    this.#committed = [];
    this.#node = { ...node };
    if (input.type === 'crash') this.#crash(input.keeps);
    else if (input.type === 'wipe') this.#wipe();
    else {
      this.#machine = this.#load(node);
      try {
        if (!this.#run(input)) return undefined;
      } catch (error) {
        const { code } = error as { code?: unknown };
        if (code === undefined || code === 'log') throw error;
        return undefined;
      }
      this.#drain();
      this.#node.core = this.#machine.save();
    }
    return {
      node: this.#node,
      sent: this.#sent,
      led: this.#led,
      committed: this.#committed,
    };
  }

  #run(input: Exclude<NodeInput, { type: 'crash' | 'wipe' }>): boolean {
    const node = this.#node;
    const machine = this.#machine;
    switch (input.type) {
      case 'campaign':
        machine.campaign(0);
        return true;
      case 'voteStored':
        node.stored = node.storing!;
        node.storing = undefined;
        machine.voteStored(node.stored, 0);
        return true;
      case 'receive':
        this.#noteSource(input.packet);
        machine.receive(input.packet.from, input.packet.message, 0);
        return true;
      case 'heartbeat': {
        const { from, term, commit } = input;
        const message = { type: 'heartbeat', term, commit: BigInt(commit), logId: 'log' } as const;
        machine.receive(from, message, 0);
        return true;
      }
      case 'copy':
        return this.#copy(input.source);
      case 'sourceGone':
        return this.#endCopy(false);
      case 'follow':
        return this.#follow(input.source);
      case 'append':
        return this.#appendData();
      case 'flush':
        this.#flush();
        return true;
      case 'add':
        machine.changeVoters({ add: [input.voter], timeout: 1 }, 0);
        return true;
      case 'remove':
        machine.changeVoters({ remove: [input.voter], timeout: 1 }, 0);
        return true;
    }
  }

  /** Remembers the log that a vote came with: it can be copied for as long as the vote counts. */
  #noteSource({ from, message, log }: Packet): void {
    const { core, sources } = this.#node;
    const { phase } = core;
    if (message.type !== 'grant' || phase.type !== 'campaigning') return;
    const isOwn = phase.term === message.term && message.life === String(this.#node.life);
    if (!isOwn || sources[from] !== undefined) return;
    this.#node.sources = { ...sources, [from]: log };
  }

  #drain(): void {
    for (let output = this.#machine.poll(); output; output = this.#machine.poll()) {
      this.#carryOut(output);
    }
  }

  #carryOut(output: ConsensusOutput): void {
    const node = this.#node;
    const machine = this.#machine;
    switch (output.type) {
      case 'send': {
        const { to, message } = output;
        this.#sent.push({ from: node.name, to, message, log: node.log });
        return;
      }
      case 'storeVote':
        node.storing = output.term;
        node.sources = {};
        if (!this.#bounds.slowVotes) this.#run({ type: 'voteStored' });
        return;
      case 'rest':
        node.job = undefined;
        node.serving = undefined;
        return machine.rested(this.#view(), 0);
      case 'serve':
        node.serving = { to: output.to, term: output.term };
        return;
      case 'copy': {
        const log = node.sources[output.from]!;
        const { from, storeId } = output;
        node.job = { type: 'copy', from, storeId, log, matched: false };
        return;
      }
      case 'follow':
        node.job = { type: 'follow', leader: output.leader, term: output.term, matched: false };
        return;
      case 'lead':
        return this.#lead(output);
      case 'append':
        return this.#append([
          { type: 'configuration', term: this.#term(), configuration: output.configuration },
        ]);
      case 'commit':
        this.#committed.push(this.#trie.prefix(node.log, Number(output.index)));
        return;
    }
  }

  /** Copies one entry, after rolling back to what both logs share. */
  #copy(source: number): boolean {
    const node = this.#node;
    const { job } = node;
    if (job?.type !== 'copy') return false;
    if (!job.matched) {
      this.#cut(this.#trie.common(node.log, source));
      node.job = { ...job, matched: true };
    } else if (this.#trie.length(node.log) < this.#trie.length(source)) {
      node.log = this.#withNext(source);
      node.synced = this.#trie.length(node.log);
    }
    const all = this.#trie.length(node.log) >= this.#trie.length(source);
    if (all) this.#endCopy(true);
    return true;
  }

  #endCopy(complete: boolean): boolean {
    if (this.#node.job?.type !== 'copy') return false;
    this.#node.job = undefined;
    this.#machine.copied(this.#view(), { complete }, 0);
    return true;
  }

  /** Takes one entry of a leader, after rolling back to what both logs share. */
  #follow(source: number): boolean {
    const node = this.#node;
    const { job } = node;
    if (job?.type !== 'follow') return false;
    if (!job.matched) {
      this.#cut(this.#trie.common(node.log, source));
      node.job = { ...job, matched: true };
      this.#machine.matched(this.#view(), 0);
      return true;
    }
    if (this.#trie.length(node.log) >= this.#trie.length(source)) return false;
    this.#extendTo(this.#withNext(source));
    return true;
  }

  /** The log with the next entry of another one, of which it should be a prefix. */
  #withNext(source: number): number {
    const { log } = this.#node;
    const next = this.#trie.prefix(source, this.#trie.length(log) + 1);
    return this.#trie.child(log, this.#trie.get(next).entry!);
  }

  #lead({ term, cut, configuration }: Extract<ConsensusOutput, { type: 'lead' }>): void {
    const node = this.#node;
    this.#cut(this.#trie.prefix(node.log, Number(cut)));
    node.log = this.#trie.child(node.log, { type: 'mark', term });
    if (configuration !== undefined) {
      node.log = this.#trie.child(node.log, { type: 'configuration', term, configuration });
    }
    node.synced = this.#trie.length(node.log);
    this.#led = { term, log: node.log };
    this.#machine.began(this.#view(), 0);
  }

  #appendData(): boolean {
    if (!this.#machine.acceptsProposals) return false;
    const size = this.#bounds.batchSize ?? 1;
    const term = this.#term();
    const entries = Array.from({ length: size }, (_, i): TrieEntry => {
      return { type: 'data', term, ends: i === size - 1 };
    });
    this.#append(entries);
    return true;
  }

  #append(entries: readonly TrieEntry[]): void {
    this.#extendTo(entries.reduce((log, entry) => this.#trie.child(log, entry), this.#node.log));
  }

  #extendTo(log: number): void {
    const before = this.#node.log;
    this.#node.log = log;
    this.#machine.appended(this.#trie.tail(before, log), 0);
    if (!this.#bounds.unsynced) this.#flush();
  }

  #flush(): void {
    this.#node.synced = this.#trie.length(this.#node.log);
    this.#machine.synced(BigInt(this.#node.synced), 0);
  }

  #cut(log: number): void {
    this.#node.log = log;
    this.#node.synced = Math.min(this.#node.synced, this.#trie.length(log));
  }

  #crash(keeps: number): void {
    const { name, storeId, log, stored, life } = this.#node;
    const kept = this.#trie.prefix(log, keeps);
    this.#node = { ...this.start(name, { storeId, log: kept, stored, life: life + 1 }) };
  }

  #wipe(): void {
    const { name, storeId, life } = this.#node;
    const disk = { storeId: `${storeId}'`, log: 0, stored: 0n, life: life + 1 };
    this.#node = { ...this.start(name, disk) };
  }

  #term(): bigint {
    return this.#machine.votedTerm;
  }

  #view(): ReturnType<LogTrie['view']> {
    return this.#trie.view(this.#node.log, this.#node.synced);
  }

  #load(node: NodeState): Consensus {
    const key = `${node.storeId} ${node.life}`;
    let machine = this.#machines.get(key);
    if (machine === undefined) {
      const { name, storeId, life } = node;
      machine = this.#create({ name, storeId, life, votedTerm: 0n, log: this.#trie.view(0, 0) });
      this.#machines.set(key, machine);
    }
    machine.load(node.core);
    return machine;
  }

  #create(
    own: Pick<ConsensusOptions, 'name' | 'storeId' | 'votedTerm' | 'log'> & { life: number },
  ): Consensus {
    const { nodes, voters = nodes, founding } = this.#bounds;
    return new this.#Consensus({
      ...own,
      life: String(own.life),
      founding: founding ? voters : undefined,
      elections: 'manual',
      random: () => 0,
      now: 0,
    });
  }
}
