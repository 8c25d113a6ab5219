import type { Member, MembershipEvent, NodeIdentity } from '@shoal/membership';
import { MemberMaps } from './member-maps.ts';
import type { Observer } from './observer.ts';
import type { SimNode } from './sim-node.ts';
import type { Simulator } from './simulator.ts';

/**
 * The names of what must hold: up to `no-throw` at all times, from `converges` on once the faults
 * are over.
 */
export type Invariant =
  /** The incarnation of an identity never decreases, in any view or at its node. */
  | 'incarnation-grows'
  /** No view brings back an identity that was Down or replaced. */
  | 'down-is-final'
  /** A map of members that is kept from events equals the list of members. */
  | 'events-tell-all'
  /** No packet exceeds the limit. */
  | 'packet-size'
  /** Queues, tables and timers do not outgrow the cluster. */
  | 'bounded'
  /** No node refuses a packet of a correct node. */
  | 'understood'
  /** No node is removed permanently unless it left. */
  | 'stays-in'
  /** The machine throws nothing. */
  | 'no-throw'
  /** All views agree in the end. */
  | 'converges'
  /** No member that runs and can be reached stays Down forever. */
  | 'not-down-for-ever'
  /** Once there is nothing new, no update or broadcast is queued. */
  | 'queues-drain'
  /** A cluster at rest sends a fixed number of packets per member and period. */
  | 'flat-load'
  /** The planned faults had their effects. */
  | 'faults-fire';

/** A run broke an invariant. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
  readonly code: Invariant;
  /** When, in ms of virtual time. */
  readonly at: number;

  constructor(code: Invariant, at: number, message: string, options?: ErrorOptions) {
    super(`${code}, at ${(at / 1000).toFixed(3)} s: ${message}`, options);
    this.code = code;
    this.at = at;
  }
}

/** What one node last knew about one address. */
interface Known {
  generation: number;
  incarnation: number;
  /** When it became Down, in ms; -1 while it is active. */
  downAt: number;
}

/** Timers that do not belong to members: the machine's own, and the nacks that it owes. */
const OTHER_TIMERS = 80;
/** The share of `removeDownAfter` to remember a Down identity for: clocks may run fast. */
const REMEMBERED = 0.4;

/** Checks at each packet and event what must always hold. Throws an {@link InvariantViolation}. */
export class Invariants implements Observer {
  readonly #sim: Simulator;
  /** By node, then by address. */
  #views: Map<string, Known>[] = [];
  readonly #told: MemberMaps;
  readonly #selves: (Known | undefined)[] = [];
  readonly #boundsCheckedAt: number[] = [];

  /** Observes `sim`. Create it before the first node starts. */
  constructor(sim: Simulator) {
    this.#sim = sim;
    this.#views = sim.nodes.map(() => new Map());
    this.#told = new MemberMaps(sim.nodes.length);
    sim.observers.push(this);
  }

  started(node: SimNode): void {
    this.#views[node.index] = new Map();
    this.#told.clear(node.index);
    this.#selves[node.index] = undefined;
  }

  transmit(from: SimNode, to: number, bytes: Uint8Array): void {
    const { maxPacketSize } = this.#sim.config;
    if (bytes.length > maxPacketSize) {
      this.#fail('packet-size', `n${from.index} sends ${bytes.length} bytes to n${to}`);
    }
    this.#checkSelf(from);
  }

  event(node: SimNode, event: MembershipEvent<NodeIdentity>): void {
    this.#told.take(node.index, event);
    if ('member' in event) {
      this.#checkMember(node, event.member);
      // Nearly all timers and queued updates come from such a change. The events of one packet all
      // come after its last change, so one check is enough.
      if (this.#boundsCheckedAt[node.index] !== this.#sim.now) this.#checkBounds(node);
    } else if (event.type === 'defunct' && event.reason !== 'left') {
      this.#fail('stays-in', `n${node.index} is ${event.reason}`);
    } else if (event.type === 'rejected') {
      const { error } = event;
      this.#fail('understood', `n${node.index} refuses a packet: ${error.message}`, error);
    }
  }

  /** Checks all views, which events do not show in full. O(N^2). */
  scan(): void {
    for (const node of this.#sim.nodes) {
      this.#checkBounds(node);
      const untold = node.swim && this.#told.differenceFrom(node.swim.members(), node.index);
      if (untold !== undefined) this.#fail('events-tell-all', `n${node.index} ${untold}`);
      for (const member of node.swim?.membershipState() ?? []) this.#checkMember(node, member);
    }
  }

  #checkMember(node: SimNode, member: Member<NodeIdentity>): void {
    const { id, incarnation, state } = member;
    const { now, config } = this.#sim;
    const view = this.#views[node.index]!;
    const known = view.get(id.address);
    const isDown = state === 'down';
    if (known !== undefined) {
      const mayForget =
        known.downAt >= 0 && now - known.downAt > config.removeDownAfter * REMEMBERED;
      const same = id.generation === known.generation;
      const returns = id.generation < known.generation || (same && known.downAt >= 0 && !isDown);
      if (returns && !mayForget) {
        const held = `${known.generation}${known.downAt >= 0 ? ', down' : ''}`;
        this.#fail(
          'down-is-final',
          `n${node.index} holds ${id.address} ${state} with generation ${id.generation}, after ${held}`,
        );
      }
      if (same && !isDown && known.downAt < 0 && incarnation < known.incarnation) {
        this.#fail(
          'incarnation-grows',
          `n${node.index} holds ${id.address} at ${incarnation}, after ${known.incarnation}`,
        );
      }
      const since = known.downAt >= 0 && same ? known.downAt : now;
      known.generation = id.generation;
      known.incarnation = incarnation;
      known.downAt = isDown ? since : -1;
    } else {
      const downAt = isDown ? now : -1;
      view.set(id.address, { generation: id.generation, incarnation, downAt });
    }
  }

  #checkSelf(node: SimNode): void {
    const { swim } = node;
    if (swim === undefined) return;
    const { generation } = swim.identity;
    const { incarnation } = swim;
    const self = this.#selves[node.index];
    if (self === undefined) {
      this.#selves[node.index] = { generation, incarnation, downAt: -1 };
      return;
    }
    const back = generation === self.generation && incarnation < self.incarnation;
    if (generation < self.generation || back) {
      const was = `${self.generation}/${self.incarnation}`;
      this.#fail(
        'incarnation-grows',
        `n${node.index} is ${generation}/${incarnation}, after ${was}`,
      );
    }
    self.generation = generation;
    self.incarnation = incarnation;
  }

  #checkBounds(node: SimNode): void {
    const { swim } = node;
    if (swim === undefined) return;
    this.#boundsCheckedAt[node.index] = this.#sim.now;
    const stats = swim.stats();
    const known = stats.active + stats.down;
    const { nodes, config } = this.#sim;
    const bounds: [string, number, number][] = [
      ['members', known, nodes.length - 1],
      ['updates', stats.queuedUpdates, known + 1],
      ['timers', stats.timers, known + OTHER_TIMERS],
      ['broadcasts', stats.queuedBroadcasts, config.maxBroadcasts],
      ['bytes of broadcasts', stats.queuedBroadcastBytes, config.maxBroadcastBytes],
    ];
    for (const [what, is, most] of bounds) {
      if (is > most) this.#fail('bounded', `n${node.index} has ${is} ${what}, not <= ${most}`);
    }
  }

  #fail(code: Invariant, message: string, cause?: unknown): never {
    throw new InvariantViolation(
      code,
      this.#sim.now,
      message,
      cause === undefined ? undefined : { cause },
    );
  }
}
