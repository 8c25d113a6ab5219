import { lan, type NodeIdentity, nodeTraits, Swim, type SwimConfig } from '@shoal/membership';
import { AddressBook } from '@shoal/membership/internal';
import { type SwimCodec, shoalCodec } from '@shoal/wire';
import { type Random, seededRandom } from '../random.ts';
import { EventQueue } from './event-queue.ts';
import { type ExchangePolicy, Exchanges } from './exchange.ts';
import { type Effects, FAIR_WEATHER, type Fault, newEffects } from './fault.ts';
import { Faults, onceOnly } from './faults.ts';
import { seedsToTry } from './join.ts';
import { drawLatency } from './latency.ts';
import { Network } from './network.ts';
import { NodeClock } from './node-clock.ts';
import type { Observer, SendOutcome } from './observer.ts';
import { type HeldPacket, SimNode } from './sim-node.ts';
import type { SimulatorOptions } from './simulator-options.ts';
import { newStats, type SimulatorStats } from './stats.ts';

/** The highest time that a node's clock shows at the beginning, in ms. */
const MAX_CLOCK = 1e9;

/**
 * A cluster in one process, over virtual time: each node runs the very `Swim` that real ones run.
 * Uses nothing of Node's, so it runs in a browser, too. Let time pass with {@link Simulator.run}.
 */
export class Simulator {
  readonly options: SimulatorOptions;
  readonly config: SwimConfig;
  readonly nodes: readonly SimNode[];
  readonly effects: Effects = newEffects();
  readonly stats: SimulatorStats = newStats();
  readonly observers: Observer[] = [];
  /** Virtual time, in ms since the beginning. */
  now = 0;
  readonly #queue = new EventQueue<SimNode | HeldPacket | (() => void)>();
  readonly #network: Network;
  readonly #codec: SwimCodec<NodeIdentity>;
  readonly #addresses = new AddressBook<NodeIdentity>();
  readonly #exchanges: Exchanges | undefined;
  readonly #byAddress: ReadonlyMap<string, SimNode>;
  readonly #socketBuffer: number;
  /** For what is no node's own chance: join waits, the contents of broadcasts. */
  readonly #random: Random;
  readonly #faults: Faults;

  constructor(options: SimulatorOptions) {
    const { seed, nodes } = options;
    this.options = options;
    this.config = options.config ?? lan();
    this.#codec = options.codec ?? shoalCodec({ label: 'simulation' });
    this.#socketBuffer = options.socketBuffer ?? 512;
    this.#random = seededRandom(`${seed}/simulator`);
    const weather = options.weather ?? FAIR_WEATHER;
    this.#network = new Network(nodes, weather, seededRandom(`${seed}/network`), this.effects);
    this.nodes = Array.from({ length: nodes }, (_, index) => {
      return new SimNode(index, new NodeClock(Math.floor(this.#random() * MAX_CLOCK)));
    });
    this.#exchanges = options.exchange && this.#makeExchanges(options.exchange);
    this.#byAddress = new Map(this.nodes.map((node) => [node.address, node]));
    this.#faults = this.#makeFaults();
  }

  /** The nodes whose process runs. */
  get running(): SimNode[] {
    return this.nodes.filter((node) => node.swim !== undefined);
  }

  /** Whether all nodes that take part hold one another, and no one else, to be active. O(N^2). */
  get converged(): boolean {
    const members = this.nodes.filter((node) => node.takesPart);
    if (members.some(({ swim }) => swim!.activeCount !== members.length - 1)) return false;
    return new Set(members.map(({ swim }) => swim!.digest())).size <= 1;
  }

  /** Whether packets get from one node to another, but for losses. */
  reaches(from: SimNode, to: SimNode): boolean {
    return this.#network.reaches(from.index, to.index);
  }

  /** Starts a node that does not run; it joins at the seeds. */
  start(index: number): void {
    const node = this.#node(index);
    if (node.swim !== undefined) return;
    const { config } = this;
    const identity: NodeIdentity = {
      address: node.address,
      generation: Math.max(0, Math.floor(node.clock.read(this.now))),
      metadata: NO_METADATA,
    };
    node.starts++;
    node.left = false;
    node.swim = new Swim<NodeIdentity>({
      identity,
      traits: nodeTraits,
      codec: this.#codec,
      config,
      random: seededRandom(`${this.options.seed}/node ${index}/start ${node.starts}`),
      broadcasts: onceOnly(),
      addresses: this.#addresses,
    });
    for (const observer of this.observers) observer.started?.(node);
    this.#input(node, (swim, now) => swim.tick(now));
    this.#exchanges?.started(node);
    this.#join(node, node.starts, this.options.join?.first ?? 500);
  }

  /** Starts all nodes. `acquainted`: each knows all others from the beginning. */
  startAll(options: { readonly acquainted?: boolean } = {}): void {
    for (const { index } of this.nodes) this.start(index);
    if (options.acquainted !== true) return;
    const members = this.nodes.map(({ swim }) => {
      return { id: swim!.identity, incarnation: 0, state: 'alive' } as const;
    });
    for (const node of this.nodes) {
      const others = members.filter((_, index) => index !== node.index);
      this.#input(node, (swim, now) => swim.applyMany(others, now, { broadcast: false }));
    }
  }

  /** Lets something befall the cluster now. */
  inject(fault: Fault): void {
    for (const observer of this.observers) observer.fault?.(fault);
    this.#faults.inject(fault);
  }

  /** Has `action` done at a time, in ms of virtual time; now if that is past. */
  at(time: number, action: () => void): void {
    this.#queue.add(Math.max(time, this.now), action);
  }

  /** Lets `ms` of virtual time pass. */
  run(ms: number): void {
    const end = this.now + ms;
    while (this.#queue.nextTime <= end) {
      this.now = this.#queue.nextTime;
      const next = this.#queue.take()!;
      if (next instanceof SimNode) this.#timer(next);
      else if (typeof next === 'function') next();
      else this.#arrive(next);
    }
    this.now = end;
  }

  /**
   * Lets time pass, at most `ms` of it, until `condition` holds, which is asked every `step` ms.
   * Returns how many ms it took; undefined if it never held.
   */
  runUntil(ms: number, step: number, condition: () => boolean): number | undefined {
    const start = this.now;
    for (;;) {
      if (condition()) return this.now - start;
      if (this.now - start >= ms) return undefined;
      this.run(Math.min(step, start + ms - this.now));
    }
  }

  /** Does something to a node's machine, as its application would; nothing if it does not run. */
  #input(node: SimNode, act: (swim: Swim<NodeIdentity>, now: number) => void): void {
    const { swim, clock } = node;
    if (swim === undefined) return;
    if (clock.rate !== 1) this.effects.skews++;
    act(swim, clock.read(this.now));
    this.#drain(node, swim);
  }

  #drain(node: SimNode, swim: Swim<NodeIdentity>): void {
    let over = false;
    for (let output = swim.poll(); output !== undefined; output = swim.poll()) {
      if (output.type === 'transmit') this.#transmit(node, output.to.address, output.bytes);
      else {
        for (const observer of this.observers) observer.event?.(node, output);
        if (output.type === 'defunct') over = true;
      }
    }
    if (over) {
      node.left = true;
      this.#stop(node);
    } else this.#arm(node, swim);
  }

  /** Sees to it that the machine is woken in time. A timer that was set too early does no harm. */
  #arm(node: SimNode, swim: Swim<NodeIdentity>): void {
    const deadline = swim.nextDeadline;
    if (deadline >= node.armedFor) return;
    node.armedFor = deadline;
    node.armedAt = node.clock.timerFor(deadline, this.now);
    this.#queue.add(node.armedAt, node);
  }

  #timer(node: SimNode): void {
    // It was set anew for an earlier time, or its process has ended.
    if (node.armedAt !== this.now) return;
    if (node.pausedUntil > this.now) {
      this.effects.pauses++;
      node.timerMissed = true;
    } else this.#tick(node);
  }

  #tick(node: SimNode): void {
    node.armedFor = Number.POSITIVE_INFINITY;
    node.armedAt = Number.POSITIVE_INFINITY;
    this.stats.ticks++;
    this.#input(node, (swim, now) => swim.tick(now));
  }

  #transmit(node: SimNode, address: string, bytes: Uint8Array): void {
    this.stats.packets++;
    this.stats.bytes += bytes.length;
    const to = this.#byAddress.get(address)?.index ?? -1;
    let outcome: SendOutcome = 'unknown';
    if (to >= 0) {
      const packet = { to, bytes };
      if (node.blockedUntil > this.now) {
        this.effects.blocks++;
        outcome = this.#hold(node.outbox, packet) ? 'held' : 'overflow';
      } else outcome = this.#send(node, packet);
    }
    for (const observer of this.observers) observer.transmit?.(node, to, bytes, outcome);
  }

  #send(from: SimNode, packet: HeldPacket): SendOutcome {
    const fate = this.#network.route(from.index, packet.to, this.now);
    for (const delay of this.#network.delays) this.#queue.add(this.now + delay, packet);
    return fate;
  }

  #hold(buffer: HeldPacket[], packet: HeldPacket): boolean {
    if (buffer.length >= this.#socketBuffer) {
      this.effects.overflows++;
      return false;
    }
    buffer.push(packet);
    return true;
  }

  #arrive(packet: HeldPacket): void {
    const node = this.nodes[packet.to]!;
    if (node.swim === undefined) return;
    const { now, effects } = this;
    if (node.pausedUntil > now || node.blockedUntil > now) {
      if (node.pausedUntil > now) effects.pauses++;
      else effects.blocks++;
      this.#hold(node.inbox, packet);
    } else this.#deliver(node, packet);
  }

  #deliver(node: SimNode, { bytes }: HeldPacket): void {
    this.stats.deliveries++;
    for (const observer of this.observers) observer.receive?.(node, bytes);
    this.#input(node, (swim, now) => swim.receive(bytes, now));
  }

  /** A pause or a block may be over: timers come first, as in an event loop. */
  #wake(node: SimNode): void {
    if (node.pausedUntil > this.now) return;
    if (node.timerMissed) {
      node.timerMissed = false;
      this.#tick(node);
    }
    if (node.blockedUntil > this.now) return;
    for (const packet of node.outbox.splice(0)) this.#send(node, packet);
    for (const packet of node.inbox.splice(0)) this.#deliver(node, packet);
  }

  #stop(node: SimNode): boolean {
    if (node.swim === undefined) return false;
    node.swim = undefined;
    node.pausedUntil = 0;
    node.blockedUntil = 0;
    node.timerMissed = false;
    node.armedFor = Number.POSITIVE_INFINITY;
    node.armedAt = Number.POSITIVE_INFINITY;
    node.inbox.length = 0;
    node.outbox.length = 0;
    for (const observer of this.observers) observer.stopped?.(node);
    return true;
  }

  #calm(): void {
    this.#network.heal();
    this.#network.setWeather(this.options.weather ?? FAIR_WEATHER, undefined);
    for (const node of this.nodes) {
      node.clock.skew(1, this.now);
      node.pausedUntil = 0;
      node.blockedUntil = 0;
      this.#wake(node);
    }
  }

  #join(node: SimNode, life: number, wait: number): void {
    const { swim, starts } = node;
    if (swim === undefined || starts !== life) return;
    const { first = 500, most = 30_000, persistent = false } = this.options.join ?? {};
    const joined = swim.state !== 'idle';
    if (joined && !persistent) return;
    if (node.takesPart && node.pausedUntil <= this.now) {
      for (const seed of seedsToTry(this.options.join, node, this.nodes, this.#random)) {
        const to = { address: seed.address, generation: 0, metadata: NO_METADATA };
        this.#input(node, (machine, now) => machine.announce(to, now));
        this.#exchanges?.begin(node, seed);
      }
    }
    const next = joined ? most : wait;
    const varied = next * (0.75 + 0.5 * this.#random());
    this.at(this.now + varied, () =>
      this.#join(node, life, joined ? first : Math.min(most, wait * 2)),
    );
  }

  #makeFaults(): Faults {
    const now = (): number => this.now;
    return new Faults({
      get now() {
        return now();
      },
      effects: this.effects,
      network: this.#network,
      node: (index) => this.#node(index),
      at: (time, action) => this.at(time, action),
      start: (index) => this.start(index),
      stop: (node) => this.#stop(node),
      wake: (node) => this.#wake(node),
      calm: () => this.#calm(),
      input: (node, act) => this.#input(node, act),
    });
  }

  #makeExchanges(policy: ExchangePolicy): Exchanges {
    const random = seededRandom(`${this.options.seed}/exchanges`);
    const free = (node: SimNode): boolean =>
      node.swim !== undefined && node.pausedUntil <= this.now && node.blockedUntil <= this.now;
    return new Exchanges(policy, {
      random,
      stats: this.stats,
      latency: () => drawLatency(this.#network.weather.latency, random),
      after: (ms, action) => this.at(this.now + ms, action),
      nodeAt: (address) => this.#byAddress.get(address),
      connected: (one, other) =>
        free(one) && free(other) && this.reaches(one, other) && this.reaches(other, one),
      merge: (node, members) => this.#input(node, (swim, now) => swim.mergeState(members, now)),
    });
  }

  #node(index: number): SimNode {
    const node = this.nodes[index];
    if (node === undefined) throw new RangeError(`there is no node ${index}`);
    return node;
  }
}

const NO_METADATA = new Uint8Array(0);
