import { type Member, type NodeIdentity, nodeTraits, type Swim } from '@shoal/membership';
import type { StreamsOptions } from '@shoal/membership/driver';
import { mergeStates } from '@shoal/membership/internal';
import type { SimNode } from './sim-node.ts';
import type { SimulatorStats } from './stats.ts';

/** How nodes exchange whole states over streams, as `@shoal/membership/driver` does. */
export type ExchangePolicy = Pick<StreamsOptions<NodeIdentity>, 'interval' | 'maxServed'>;

/** What exchanges need of the simulation. */
export interface ExchangeHost {
  readonly stats: SimulatorStats;
  readonly maxServed: number;
  /** Draws the travel time of a packet of a stream, in ms. */
  latency(): number;
  after(ms: number, action: () => void): void;
  /** Whether a stream between two nodes holds: both run unhindered and reach each other. */
  connected(one: SimNode, other: SimNode): boolean;
  /** Acts on a node's machine, if the process runs. */
  input(node: SimNode, act: (swim: Swim<NodeIdentity>, now: number) => void): void;
}

/**
 * One exchange, step by step as in the driver. Each step takes as long as its packets travel. The
 * exchange breaks off where a real one would time out: when an end has stopped, is paused, or
 * cannot be reached.
 */
export class Exchange {
  readonly #host: ExchangeHost;
  readonly #from: SimNode;
  readonly #to: SimNode;
  /** Which start of each process takes part. */
  #starts: readonly [number, number];
  #connected = false;
  #served = false;

  constructor(host: ExchangeHost, from: SimNode, to: SimNode) {
    this.#host = host;
    this.#from = from;
    this.#to = to;
    this.#starts = [from.starts, to.starts];
  }

  /** Connects, and sends the digest of what `from` knows. */
  begin(): void {
    this.#after(2, () => {
      this.#connected = true;
      this.#starts = [this.#from.starts, this.#to.starts];
      const digest = this.#from.swim!.digest();
      this.#after(1, () => this.#serve(digest));
    });
  }

  /** Answers with the state, or that both are equal. */
  #serve(digest: string): void {
    const to = this.#to;
    if (!to.takesPart || to.serving >= this.#host.maxServed) {
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
  #return(state: readonly Member<NodeIdentity>[]): void {
    const from = this.#from;
    this.#merge(from, state);
    if (from.swim === undefined) {
      this.#end(false);
      return;
    }
    const returned = stateOf(from);
    this.#after(1, () => {
      this.#end(true);
      this.#merge(this.#to, returned);
    });
  }

  #merge(node: SimNode, members: readonly Member<NodeIdentity>[]): void {
    this.#host.input(node, (swim, now) => {
      mergeStates({ swim, traits: nodeTraits, members, now });
    });
  }

  #after(trips: number, action: () => void): void {
    let ms = 0;
    for (let trip = 0; trip < trips; trip++) ms += this.#host.latency();
    const [from, to] = this.#starts;
    this.#host.after(ms, () => {
      const same = this.#from.starts === from && (!this.#connected || this.#to.starts === to);
      if (same && this.#host.connected(this.#from, this.#to)) action();
      else this.#end(false);
    });
  }

  #end(completed: boolean): void {
    if (this.#served && this.#to.starts === this.#starts[1]) this.#to.serving--;
    if (completed) this.#host.stats.exchanges++;
    else this.#host.stats.brokenExchanges++;
  }
}

/** Everything that a node knows, itself included. */
function stateOf(node: SimNode): Member<NodeIdentity>[] {
  const swim = node.swim!;
  const others = [...swim.membershipState()];
  if (!node.takesPart) return others;
  return [{ id: swim.identity, incarnation: swim.incarnation, state: 'alive' }, ...others];
}
