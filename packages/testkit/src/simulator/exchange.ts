import type { Member, NodeIdentity } from '@shoal/membership';
import type { Random } from '../random.ts';
import type { SimNode } from './sim-node.ts';
import type { SimulatorStats } from './stats.ts';

/**
 * Streams between nodes, on which they exchange whole states: at a join and now and then, as in
 * `@shoal/membership/driver`. Times are in ms.
 */
export interface ExchangePolicy {
  /** Between exchanges with a random member; longer in large clusters. Default 30,000. */
  readonly interval?: number;
  /** How many exchanges a node serves at a time; it refuses others. Default 128. */
  readonly maxServed?: number;
}

/** What exchanges need of the simulation. */
export interface ExchangeHost {
  readonly random: Random;
  readonly stats: SimulatorStats;
  /** How long a packet of a stream travels, in ms. */
  latency(): number;
  after(ms: number, action: () => void): void;
  /** The node with this address. */
  nodeAt(address: string): SimNode | undefined;
  /** Whether a stream between them stands: both run, unhindered, and reach each other. */
  connected(one: SimNode, other: SimNode): boolean;
  /** Takes in what another node knows. */
  merge(node: SimNode, members: readonly Member<NodeIdentity>[]): void;
}

/** Up to this many members exchanges come at their interval. As in the driver, and memberlist. */
const SCALE_FROM = 32;
/** By how much, either way, the interval is varied. */
const JITTER = 0.25;

/** The exchanges of one simulation. */
export class Exchanges {
  readonly #host: ExchangeHost;
  readonly #interval: number;
  readonly #maxServed: number;

  constructor(policy: ExchangePolicy, host: ExchangeHost) {
    this.#host = host;
    this.#interval = policy.interval ?? 30_000;
    this.#maxServed = policy.maxServed ?? 128;
  }

  /** A node has started: from now on it exchanges states now and then. */
  started(node: SimNode): void {
    node.serving = 0;
    this.#schedule(node, node.starts, 0, 1);
  }

  /** One node asks another for what it knows. */
  begin(from: SimNode, to: SimNode): void {
    new Exchange(this.#host, from, to, this.#maxServed).begin();
  }

  #schedule(node: SimNode, life: number, least: number, most: number): void {
    const { random } = this.#host;
    const size = (node.swim?.activeCount ?? 0) + 1;
    const scale = size <= SCALE_FROM ? 1 : Math.ceil(Math.log2(size / SCALE_FROM)) + 1;
    const wait = this.#interval * scale * (least + (most - least) * random());
    this.#host.after(wait, () => {
      const { swim } = node;
      if (node.starts !== life || swim === undefined) return;
      this.#schedule(node, life, 1 - JITTER, 1 + JITTER);
      const members = [...swim.members()];
      const chosen = members[Math.floor(random() * members.length)];
      const other = chosen && this.#host.nodeAt(chosen.id.address);
      if (other !== undefined) this.begin(node, other);
    });
  }
}

/**
 * One exchange, step by step as in the driver, each as long as packets take. It breaks off where
 * a real one would time out: when an end has stopped, stands still or cannot be reached.
 */
class Exchange {
  readonly #host: ExchangeHost;
  readonly #from: SimNode;
  readonly #to: SimNode;
  /** The lives of both ends, since they are connected. */
  #lives: readonly [number, number];
  readonly #maxServed: number;
  #connected = false;
  #served = false;

  constructor(host: ExchangeHost, from: SimNode, to: SimNode, maxServed: number) {
    this.#host = host;
    this.#from = from;
    this.#to = to;
    this.#lives = [from.starts, to.starts];
    this.#maxServed = maxServed;
  }

  /** Connects, and says what we know by a digest. */
  begin(): void {
    this.#after(2, () => {
      this.#connected = true;
      this.#lives = [this.#from.starts, this.#to.starts];
      const digest = this.#from.swim!.digest();
      this.#after(1, () => this.#serve(digest));
    });
  }

  /** Answers with the state, or that it is the same. */
  #serve(digest: string): void {
    const to = this.#to;
    if (!to.takesPart || to.serving >= this.#maxServed) {
      this.#end(false);
      return;
    }
    to.serving++;
    this.#served = true;
    if (to.swim!.digest() === digest) this.#after(1, () => this.#end(true));
    else {
      const state = stateOf(to);
      this.#after(1, () => this.#return(state));
    }
  }

  /** Takes in the other's state, and sends its own. */
  #return(state: Member<NodeIdentity>[]): void {
    const from = this.#from;
    this.#host.merge(from, state);
    if (from.swim === undefined) {
      this.#end(false);
      return;
    }
    const returned = stateOf(from);
    this.#after(1, () => {
      this.#end(true);
      this.#host.merge(this.#to, returned);
    });
  }

  #after(trips: number, action: () => void): void {
    let ms = 0;
    for (let trip = 0; trip < trips; trip++) ms += this.#host.latency();
    const [from, to] = this.#lives;
    this.#host.after(ms, () => {
      const same = this.#from.starts === from && (!this.#connected || this.#to.starts === to);
      if (same && this.#host.connected(this.#from, this.#to)) action();
      else this.#end(false);
    });
  }

  #end(completed: boolean): void {
    if (this.#served && this.#to.starts === this.#lives[1]) this.#to.serving--;
    if (completed) this.#host.stats.exchanges++;
    else this.#host.stats.brokenExchanges++;
  }
}

/** All that a node knows, itself among it. */
function stateOf(node: SimNode): Member<NodeIdentity>[] {
  const swim = node.swim!;
  const others = [...swim.membershipState()];
  if (!node.takesPart) return others;
  return [{ id: swim.identity, incarnation: swim.incarnation, state: 'alive' }, ...others];
}
