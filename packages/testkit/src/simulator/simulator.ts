import { lan, type NodeIdentity, nodeTraits, Swim, type SwimConfig } from '@shoal/membership';
import { AddressBook, STREAMS_DEFAULTS } from '@shoal/membership/internal';
import { type SwimCodec, shoalCodec } from '@shoal/wire';
import { type Random, seededRandom } from '../random.ts';
import { EventQueue } from './event-queue.ts';
import { Exchange, type ExchangeHost } from './exchange.ts';
import { type Effects, FAIR_WEATHER, type Fault, newEffects } from './fault.ts';
import { Faults, type FaultsHost, onceOnly } from './faults.ts';
import { drawLatency } from './latency.ts';
import { Network } from './network.ts';
import { NodeClock } from './node-clock.ts';
import { NodeDriver } from './node-driver.ts';
import type { Observer } from './observer.ts';
import { type HeldPacket, SimNode } from './sim-node.ts';
import type { SimulatorOptions } from './simulator-options.ts';
import { Sockets, type SocketsHost } from './sockets.ts';
import { newStats, type SimulatorStats } from './stats.ts';

/** The highest time that a node's clock may show at the start, in ms. */
const MAX_CLOCK = 1e9;
const DEFAULT_SEEDS: readonly number[] = [0, 1, 2];
const NO_METADATA = new Uint8Array(0);

/**
 * A cluster in one process, over virtual time. Each node runs the same `Swim` as a real one, with
 * the same policies for joins and exchanges. Uses no Node.js API, so it runs in browsers too. Time
 * passes only in {@link Simulator.run} and {@link Simulator.runUntil}.
 */
export class Simulator {
  readonly options: SimulatorOptions;
  readonly config: SwimConfig;
  readonly nodes: readonly SimNode[];
  readonly effects: Effects = newEffects();
  readonly stats: SimulatorStats = newStats();
  readonly observers: Observer[] = [];
  /** Virtual time, in ms since the start of the simulation. */
  now = 0;
  readonly #queue = new EventQueue<SimNode | HeldPacket | (() => void)>();
  readonly #network: Network;
  readonly #sockets: Sockets;
  readonly #codec: SwimCodec<NodeIdentity>;
  readonly #addresses = new AddressBook<NodeIdentity>();
  readonly #host: FaultsHost & SocketsHost & ExchangeHost;
  readonly #byAddress: ReadonlyMap<string, SimNode>;
  readonly #faults: Faults;
  /** For joins, and for when the clocks start. */
  readonly #random: Random;
  /** For exchanges and their latency. */
  readonly #exchangeRandom: Random;

  constructor(options: SimulatorOptions) {
    const { seed, nodes, weather = FAIR_WEATHER } = options;
    this.options = options;
    this.config = options.config ?? lan();
    this.#codec = options.codec ?? shoalCodec({ label: 'simulation' });
    this.#random = seededRandom(`${seed}/simulator`);
    this.#exchangeRandom = seededRandom(`${seed}/exchanges`);
    const networkRandom = seededRandom(`${seed}/network`);
    this.#network = new Network({
      size: nodes,
      weather,
      random: networkRandom,
      effects: this.effects,
    });
    this.nodes = Array.from({ length: nodes }, (_, index) => {
      return new SimNode(index, new NodeClock(Math.floor(this.#random() * MAX_CLOCK)));
    });
    this.#byAddress = new Map(this.nodes.map((node) => [node.address, node]));
    this.#host = this.#makeHost();
    this.#sockets = new Sockets(this.#host);
    this.#faults = new Faults(this.#host);
  }

  /** The nodes whose process runs. */
  get running(): SimNode[] {
    return this.nodes.filter((node) => node.swim !== undefined);
  }

  /** Whether all nodes that take part agree that they, and no others, are active. O(N^2). */
  get converged(): boolean {
    const members = this.nodes.filter((node) => node.takesPart);
    if (members.some(({ swim }) => swim!.activeCount !== members.length - 1)) return false;
    return new Set(members.map(({ swim }) => swim!.digest())).size <= 1;
  }

  /** Whether packets get from one node to another, losses aside. */
  reaches(from: SimNode, to: SimNode): boolean {
    return this.#network.reaches(from.index, to.index);
  }

  /**
   * Starts a node, which joins at the seeds. Does nothing if it is running. Throws a `RangeError`
   * if there is no such node.
   */
  start(index: number): void {
    const node = this.#node(index);
    if (node.swim !== undefined) return;
    const { seed } = this.options;
    const identity: NodeIdentity = {
      address: node.address,
      generation: Math.max(0, Math.floor(node.clock.read(this.now))),
      metadata: NO_METADATA,
    };
    node.starts++;
    node.left = false;
    node.serving = 0;
    node.swim = new Swim<NodeIdentity>({
      identity,
      traits: nodeTraits,
      codec: this.#codec,
      config: this.config,
      random: seededRandom(`${seed}/node ${index}/start ${node.starts}`),
      broadcasts: onceOnly(),
      addresses: this.#addresses,
    });
    for (const observer of this.observers) observer.started?.(node);
    this.#input(node, (swim, now) => swim.tick(now));
    node.driver = this.#makeDriver(node, node.swim);
    this.#tickDriver(node);
  }

  /** Starts all nodes. `acquainted`: each knows all others from the start. Default false. */
  startAll(options: { readonly acquainted?: boolean | undefined } = {}): void {
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

  /** Makes a fault happen now. Throws a `RangeError` for a node that does not exist. */
  inject(fault: Fault): void {
    for (const observer of this.observers) observer.fault?.(fault);
    this.#faults.inject(fault);
  }

  /** Calls `action` at `time`, in ms of virtual time, or as soon as possible if it has passed. */
  at(time: number, action: () => void): void {
    this.#queue.add(Math.max(time, this.now), action);
  }

  /** Lets `ms` milliseconds of virtual time pass. */
  run(ms: number): void {
    const end = this.now + ms;
    while (this.#queue.nextTime <= end) {
      this.now = this.#queue.nextTime;
      const next = this.#queue.take()!;
      if (next instanceof SimNode) this.#onTimer(next);
      else if (typeof next === 'function') next();
      else this.#sockets.arrive(next);
    }
    this.now = end;
  }

  /**
   * Lets virtual time pass until `condition` holds, but no more than `ms` milliseconds; checks it
   * every `step` ms. Returns how many ms passed; undefined if it never held.
   */
  runUntil(ms: number, step: number, condition: () => boolean): number | undefined {
    const start = this.now;
    for (;;) {
      if (condition()) return this.now - start;
      if (this.now - start >= ms) return undefined;
      this.run(Math.min(step, start + ms - this.now));
    }
  }

  /** Acts on a node's machine, as its application would, if the process runs. */
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
      if (output.type === 'transmit') {
        this.#sockets.transmit(node, output.to.address, output.bytes);
        continue;
      }
      for (const observer of this.observers) observer.event?.(node, output);
      node.driver?.onEvent(output, this.now);
      if (output.type === 'defunct') over = true;
    }
    if (over) {
      node.left = true;
      this.#stop(node);
    } else this.#arm(node, swim);
  }

  /** Sets timers for the machine and for its driver. One that fires too early does no harm. */
  #arm(node: SimNode, swim: Swim<NodeIdentity>): void {
    const deadline = swim.nextDeadline;
    if (deadline < node.armedFor) {
      node.armedFor = deadline;
      node.armedAt = node.clock.timerFor(deadline, this.now);
      this.#queue.add(node.armedAt, node);
    }
    const driverDeadline = node.driver?.nextDeadline ?? Number.POSITIVE_INFINITY;
    if (driverDeadline < node.driverArmedAt) {
      node.driverArmedAt = driverDeadline;
      this.at(driverDeadline, () => {
        if (node.driverArmedAt === driverDeadline) this.#tickDriver(node);
      });
    }
  }

  #onTimer(node: SimNode): void {
    // The timer was set again for an earlier time, or the process has ended.
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

  /** Does nothing during a pause: the end of the pause wakes the driver. */
  #tickDriver(node: SimNode): void {
    node.driverArmedAt = Number.POSITIVE_INFINITY;
    if (node.pausedUntil > this.now) return;
    node.driver?.tick(this.now);
    if (node.swim !== undefined) this.#arm(node, node.swim);
  }

  /** Continues after a pause or a block, if none is left. Timers come first, as in event loops. */
  #wake(node: SimNode): void {
    if (node.pausedUntil > this.now) return;
    if (node.timerMissed) {
      node.timerMissed = false;
      this.#tick(node);
    }
    this.#tickDriver(node);
    if (node.blockedUntil > this.now) return;
    this.#sockets.release(node);
  }

  /** Ends a process. Returns false if it did not run. */
  #stop(node: SimNode): boolean {
    if (node.swim === undefined) return false;
    node.stop();
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

  #makeDriver(node: SimNode, swim: Swim<NodeIdentity>): NodeDriver {
    const { join = {}, exchange } = this.options;
    const seeds = (join.seeds ?? DEFAULT_SEEDS).flatMap((index) => this.nodes[index] ?? []);
    return new NodeDriver(
      {
        swim,
        join,
        seeds: seeds.map(({ address }) => ({ address, generation: 0, metadata: NO_METADATA })),
        joinRandom: this.#random,
        exchangeInterval: exchange && (exchange.interval ?? STREAMS_DEFAULTS.interval),
        exchangeRandom: this.#exchangeRandom,
        announce: (to) => this.#input(node, (machine, now) => machine.announce(to, now)),
        exchange: (partner) => {
          const other = exchange && this.#byAddress.get(partner.address);
          if (other !== undefined) new Exchange(this.#host, node, other).begin();
        },
      },
      this.now,
    );
  }

  /** What the parts of the simulation need of it. */
  #makeHost(): FaultsHost & SocketsHost & ExchangeHost {
    const now = (): number => this.now;
    return {
      get now() {
        return now();
      },
      network: this.#network,
      effects: this.effects,
      stats: this.stats,
      observers: this.observers,
      socketBuffer: this.options.socketBuffer ?? 512,
      maxServed: this.options.exchange?.maxServed ?? STREAMS_DEFAULTS.maxServed,
      node: (index) => this.#node(index),
      nodeAt: (address) => this.#byAddress.get(address),
      at: (time, action) => this.at(time, action),
      after: (ms, action) => this.at(this.now + ms, action),
      schedule: (delay, packet) => this.#queue.add(this.now + delay, packet),
      latency: () => drawLatency(this.#network.weather.latency, this.#exchangeRandom),
      start: (index) => this.start(index),
      stop: (node) => this.#stop(node),
      wake: (node) => this.#wake(node),
      calm: () => this.#calm(),
      input: (node, act) => this.#input(node, act),
      connected: (one, other) =>
        this.#isFree(one) &&
        this.#isFree(other) &&
        this.reaches(one, other) &&
        this.reaches(other, one),
    };
  }

  /** Whether a node runs, and is neither paused nor blocked. */
  #isFree(node: SimNode): boolean {
    return node.swim !== undefined && node.pausedUntil <= this.now && node.blockedUntil <= this.now;
  }

  #node(index: number): SimNode {
    const node = this.nodes[index];
    if (node === undefined) throw new RangeError(`there is no node ${index}`);
    return node;
  }
}
