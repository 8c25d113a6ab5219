import type { CheckBounds } from './bounds.ts';
import type { ClusterState, LedTerm } from './cluster-state.ts';
import { Interner } from './interner.ts';
import { violationOf } from './invariants.ts';
import { LogTrie } from './log-trie.ts';
import {
  type ConsensusClass,
  type NodeInput,
  NodeModel,
  type NodeState,
  type NodeStep,
  type Packet,
} from './node-model.ts';

/** One thing that happens. */
export interface ClusterAction {
  /** The number of the node that it happens to. */
  readonly node: number;
  readonly input: NodeInput;
}

/** More than there are different inputs in any run that fits in memory. */
const MAX_INPUTS = 2 ** 24;

/** A step with its states and packets as numbers. */
interface InternedStep {
  readonly node: number;
  readonly sent: readonly number[];
  readonly led: NodeStep['led'];
  readonly committed: readonly number[];
}

/** A cluster of real cores: what can happen in a state, and what comes of it. */
export class ClusterModel {
  readonly trie: LogTrie = new LogTrie();
  readonly #bounds: CheckBounds;
  readonly #model: NodeModel;
  readonly #nodes = new Interner<NodeState>();
  readonly #packets = new Interner<Packet>();
  readonly #inputs: Interner<NodeInput> = new Interner(keyOf);
  readonly #arrivals: ClusterAction[] = [];
  /** What comes of an input in a state of a node, by both numbers: each is computed once. */
  readonly #steps = new Map<number, InternedStep | string | undefined>();

  constructor(Consensus: ConsensusClass, bounds: CheckBounds) {
    this.#bounds = bounds;
    this.#model = new NodeModel(Consensus, this.trie, bounds);
  }

  /** All nodes hold the first configuration, which is committed; or none, to be founded. */
  first(): ClusterState {
    const { nodes, voters = nodes, founding, maxTerm } = this.#bounds;
    const storeIdOf = (name: string): string => name;
    const configuration = { voters: voters.map((name) => ({ name, storeId: storeIdOf(name) })) };
    const entry = { type: 'configuration', term: 0n, configuration } as const;
    const log = founding ? 0 : this.trie.child(0, entry);
    const start = (name: string): number =>
      this.#nodes.numberOf(
        this.#model.start(name, { storeId: storeIdOf(name), log, stored: 0n, life: 0 }),
      );
    return {
      nodes: nodes.map(start),
      packets: [],
      committed: log,
      committedIn: 0,
      led: Array.from({ length: maxTerm }, () => undefined),
    };
  }

  node(number: number): NodeState {
    return this.#nodes.valueOf(number);
  }

  packet(number: number): Packet {
    return this.#packets.valueOf(number);
  }

  /** Everything that can happen. */
  actions(state: ClusterState): ClusterAction[] {
    const actions: ClusterAction[] = [];
    const states = state.nodes.map((number) => this.node(number));
    for (const [i, node] of states.entries()) {
      const add = (input: NodeInput): void => void actions.push({ node: i, input });
      this.#ownActions(node, add);
      this.#peerActions(state, i, states, add);
      this.#faults(node, states, add);
    }
    for (const number of state.packets) actions.push(this.#arrival(number));
    return actions;
  }

  /** The next state, or the text of the invariant that is broken. Undefined: nothing changes. */
  apply(state: ClusterState, { node: i, input }: ClusterAction): ClusterState | string | undefined {
    const before = state.nodes[i]!;
    const step = this.#step(before, input);
    if (step === undefined || typeof step === 'string') return step;
    if (step.node === before && step.sent.length === 0) return undefined;
    const nodes = state.nodes.with(i, step.node);
    const found = violationOf({
      trie: this.trie,
      states: nodes.map((number) => this.node(number)),
      changed: i,
      before: state,
      led: step.led,
      committed: step.committed,
    });
    if (found.violation !== undefined) return found.violation;
    const led = this.#ledAfter(state, i, step);
    const { committed, committedIn } = found;
    const packets = this.#relevant([...state.packets, ...step.sent], nodes);
    const same = packets.every((packet, n) => packet === state.packets[n]);
    if (step.node === before && packets.length === state.packets.length && same) return undefined;
    return { nodes, packets, committed, committedIn, led };
  }

  /** The arrival of a packet: always the same object, whose number is found without a look at it. */
  #arrival(number: number): ClusterAction {
    let arrival = this.#arrivals[number];
    if (arrival === undefined) {
      const packet = this.packet(number);
      const input = { type: 'receive', packet, number } as const;
      arrival = { node: this.#bounds.nodes.indexOf(packet.to), input };
      this.#arrivals[number] = arrival;
    }
    return arrival;
  }

  /** What a node does by itself. */
  #ownActions(node: NodeState, add: (input: NodeInput) => void): void {
    const { candidates, maxTerm, maxEntries, maxBatches = 0, maxConfigurations = 1 } = this.#bounds;
    const { core, log, synced } = node;
    const { length, configurations, batches } = this.trie.get(log);
    if (node.storing !== undefined) add({ type: 'voteStored' });
    const mayCampaign = candidates === undefined || candidates.includes(node.name);
    if (core.votedTerm < maxTerm && mayCampaign && length < maxEntries) add({ type: 'campaign' });
    if (synced < length) add({ type: 'flush' });
    const { phase } = core;
    if (phase.type !== 'leading' || phase.mark === undefined) return;
    const size = this.#bounds.batchSize ?? 1;
    if (batches < maxBatches && length + size <= maxEntries) add({ type: 'append' });
    if (configurations >= maxConfigurations || length >= maxEntries) return;
    if (phase.change !== undefined) return;
    for (const voter of this.#bounds.changes ?? this.#bounds.nodes) {
      const known = core.log.configurations.at(-1)!.configuration.voters;
      const type = known.some(({ name }) => name === voter) ? 'remove' : 'add';
      add({ type, voter });
    }
  }

  /** What comes from others over streams: entries, and heartbeats with them. */
  #peerActions(
    { led }: ClusterState,
    i: number,
    states: readonly NodeState[],
    add: (input: NodeInput) => void,
  ): void {
    const { core, job } = states[i]!;
    for (const [t, history] of led.entries()) {
      const term = BigInt(t + 1);
      if (history === undefined || history.leader === i) continue;
      const from = this.#bounds.nodes[history.leader]!;
      add({ type: 'heartbeat', from, term, commit: history.commit });
      if (job?.type === 'follow' && job.term === term) add({ type: 'follow', source: history.log });
    }
    if (job?.type !== 'copy') return;
    add({ type: 'copy', source: job.log });
    add({ type: 'sourceGone' });
    const { serving, log, storeId } = states[this.#bounds.nodes.indexOf(job.from)]!;
    const serves =
      serving?.to === states[i]!.name && serving.term === core.votedTerm && storeId === job.storeId;
    if (serves && log !== job.log) add({ type: 'copy', source: log });
  }

  #faults(node: NodeState, states: readonly NodeState[], add: (input: NodeInput) => void): void {
    const { crashes = 0, wipes = 0 } = this.#bounds;
    const sum = (of: (state: NodeState) => number): number =>
      states.reduce((total, state) => total + of(state), 0);
    const wiped = ({ storeId, name }: NodeState): number => storeId.length - name.length;
    const allWipes = sum(wiped);
    if (sum(({ life }) => life) - allWipes < crashes) {
      for (let keeps = node.synced; keeps <= this.trie.length(node.log); keeps++) {
        add({ type: 'crash', keeps });
      }
    }
    if (allWipes < wipes && node.log !== 0) add({ type: 'wipe' });
  }

  #step(before: number, input: NodeInput): InternedStep | string | undefined {
    const key = before * MAX_INPUTS + this.#inputs.numberOf(input);
    if (this.#steps.has(key)) return this.#steps.get(key);
    const found = this.#compute(before, input);
    this.#steps.set(key, found);
    return found;
  }

  #compute(before: number, input: NodeInput): InternedStep | string | undefined {
    let step: NodeStep | undefined;
    try {
      step = this.#model.step(this.node(before), input);
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'log') throw error;
      return (error as Error).message;
    }
    if (step === undefined) return undefined;
    const { node, sent, led, committed } = step;
    const kept = sent.filter(({ message, to }) => isModeled(message.type) && this.#isNode(to));
    return {
      node: this.#nodes.numberOf(node),
      sent: kept.map((packet) => this.#packets.numberOf(packet)),
      led,
      committed,
    };
  }

  #isNode(name: string): boolean {
    return this.#bounds.nodes.includes(name);
  }

  /** The history after a step: the log of a term grows, and so does what is committed of it. */
  #ledAfter({ led }: ClusterState, i: number, step: InternedStep): ClusterState['led'] {
    const { core, log } = this.node(step.node);
    const { phase } = core;
    if (phase.type !== 'leading' || phase.mark === undefined) return led;
    const t = Number(phase.term) - 1;
    const before = led[t];
    const commit = Number(core.commit);
    const after: LedTerm = { leader: i, log, commit };
    if (before?.log === log && before.commit === commit) return led;
    return led.with(t, after);
  }

  /** Drops packets that nobody would take any more: they would only multiply the states. */
  #relevant(packets: readonly number[], nodes: readonly number[]): number[] {
    const kept = [...new Set(packets)].filter((number) => this.#isRelevant(number, nodes));
    if (kept.length < 2) return kept;
    const last = kept.filter((number) => !kept.some((other) => this.#isOutdone(number, other)));
    return last.sort((a, b) => a - b);
  }

  #isRelevant(number: number, nodes: readonly number[]): boolean {
    const { from, to, message } = this.packet(number);
    const receiver = this.node(nodes[this.#bounds.nodes.indexOf(to)]!);
    const { phase } = receiver.core;
    switch (message.type) {
      case 'voteRequest':
        return message.term >= receiver.stored || (this.#bounds.wipes ?? 0) > 0;
      case 'grant':
        return (
          phase.type === 'campaigning' &&
          phase.term === message.term &&
          message.life === String(receiver.life) &&
          phase.grants[from] === undefined
        );
      case 'acknowledgement': {
        if (this.#bounds.keepOldAcknowledgements) return true;
        if (phase.type !== 'leading' || phase.term !== message.term) return false;
        const known = phase.progress[from];
        return known?.storeId !== message.storeId || known.index < message.index;
      }
      default:
        return false;
    }
  }

  /** Whether an acknowledgement says less than another one of the same node. */
  #isOutdone(number: number, by: number): boolean {
    const a = this.packet(number);
    const b = this.packet(by);
    if (a.message.type !== 'acknowledgement' || b.message.type !== 'acknowledgement') return false;
    const same = a.from === b.from && a.to === b.to && a.message.storeId === b.message.storeId;
    return same && a.message.term === b.message.term && a.message.index < b.message.index;
  }
}

/** Refusals only inform, and pre-votes change nothing. Heartbeats come from the history of terms. */
function isModeled(type: Packet['message']['type']): boolean {
  return type === 'voteRequest' || type === 'grant' || type === 'acknowledgement';
}

function keyOf(input: NodeInput): string {
  return input.type === 'receive' ? `${input.number}` : Object.values(input).join(' ');
}
