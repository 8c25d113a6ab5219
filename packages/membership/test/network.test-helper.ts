import type { NodeIdentity, SwimCodec } from '@shoal/wire';
import { local, type SwimConfig } from '../src/config.ts';
import type { BroadcastHandler } from '../src/dissemination/broadcast-queue.ts';
import type { MembershipEvent } from '../src/events.ts';
import { type IdentityTraits, nodeTraits } from '../src/members/identity.ts';
import { Swim } from '../src/swim.ts';
import { node, seeded, shoal } from './harness.test-helper.ts';

/** A machine on the network, and what it reported. */
export interface Host<Id> {
  readonly swim: Swim<Id>;
  readonly name: string;
  /** The origin of its clock, which differs from host to host. */
  readonly offset: number;
  /** Until when it is paused. Packets wait. */
  pausedUntil: number;
  readonly events: MembershipEvent<Id>[];
}

interface Delivery {
  readonly at: number;
  readonly to: string;
  readonly bytes: Uint8Array;
}

/** How the network treats packets. Shares are 0..1. */
export interface Weather {
  loss: number;
  duplicate: number;
  /** The range of the latency, in ms. Packets may overtake each other. */
  latency: [number, number];
}

export interface NetworkOptions<Id> {
  readonly traits: IdentityTraits<Id>;
  readonly codec: SwimCodec<Id>;
  readonly config: SwimConfig;
  readonly identity: (name: string, generation: number) => Id;
}

/** A small in-memory network with virtual time. All chance comes from one seed. */
export class Network<Id> {
  readonly hosts = new Map<string, Host<Id>>();
  readonly weather: Weather = { loss: 0, duplicate: 0, latency: [1, 5] };
  /** Called for each packet and each event, to check what must always hold. */
  readonly checks: ((host: Host<Id>, bytes: Uint8Array | MembershipEvent<Id>) => void)[] = [];
  readonly random: () => number;
  now = 1_000_000;
  packets = 0;
  lost = 0;
  readonly #options: NetworkOptions<Id>;
  readonly #flying: Delivery[] = [];
  readonly #cut = new Set<string>();
  #generation = 0;

  constructor(seed: number, options: NetworkOptions<Id>) {
    this.random = seeded(seed);
    this.#options = options;
  }

  /** Starts or restarts a host, which announces to `seeds`. */
  start(name: string, seeds: readonly string[], broadcasts?: BroadcastHandler<Id>): Host<Id> {
    const { traits, codec, config, identity } = this.#options;
    const random = seeded(Math.floor(this.random() * 2 ** 32));
    // As with a clock in ms, a start never gets a generation that a rename has used.
    this.#generation += 1000;
    const self = identity(name, this.#generation);
    const swim = new Swim({ identity: self, traits, codec, config, random, broadcasts });
    const offset = Math.floor(this.random() * 1e9);
    const host: Host<Id> = { swim, name, offset, pausedUntil: 0, events: [] };
    this.hosts.set(traits.address(self), host);
    for (const seed of seeds)
      if (seed !== name) swim.announce(identity(seed, 0), this.now - offset);
    this.#drain(host);
    return host;
  }

  /** Ends a host without a goodbye. */
  kill(name: string): void {
    for (const [address, host] of this.hosts) if (host.name === name) this.hosts.delete(address);
  }

  /** Acts on a host at the current time. */
  on(host: Host<Id>, act: (swim: Swim<Id>, now: number) => void): void {
    act(host.swim, this.now - host.offset);
    this.#drain(host);
  }

  /** Cuts these hosts off from all others. */
  partition(names: readonly string[]): void {
    this.heal();
    for (const name of names) this.#cut.add(name);
  }

  heal(): void {
    this.#cut.clear();
  }

  /** Lets `ms` of virtual time pass, or less if `until` holds before. Returns whether it holds. */
  run(ms: number, until?: () => boolean): boolean {
    const end = this.now + ms;
    for (;;) {
      const due = this.#nextDue();
      if (due > end) break;
      this.now = Math.max(this.now, Math.ceil(due));
      this.#deliver();
      for (const host of this.hosts.values()) {
        if (host.pausedUntil > this.now) continue;
        if (host.swim.nextDeadline + host.offset > this.now) continue;
        host.swim.tick(this.now - host.offset);
        this.#drain(host);
      }
      if (until?.()) return true;
    }
    this.now = end;
    return until?.() ?? true;
  }

  /** Whether all hosts agree that exactly they are active. */
  get converged(): boolean {
    const digests = new Set([...this.hosts.values()].map((host) => host.swim.digest()));
    return (
      digests.size <= 1 &&
      [...this.hosts.values()].every((host) => host.swim.activeCount === this.hosts.size - 1)
    );
  }

  #nextDue(): number {
    let due = Number.POSITIVE_INFINITY;
    for (const { at, to } of this.#flying) {
      due = Math.min(due, Math.max(at, this.hosts.get(to)?.pausedUntil ?? 0));
    }
    for (const host of this.hosts.values()) {
      due = Math.min(due, Math.max(host.swim.nextDeadline + host.offset, host.pausedUntil));
    }
    return due;
  }

  #deliver(): void {
    for (let i = this.#flying.length - 1; i >= 0; i--) {
      const { at, to, bytes } = this.#flying[i]!;
      if (at > this.now) continue;
      const host = this.hosts.get(to);
      if (host && host.pausedUntil > this.now) continue;
      this.#flying.splice(i, 1);
      if (!host) continue;
      host.swim.receive(bytes, this.now - host.offset);
      this.#drain(host);
    }
  }

  #drain(host: Host<Id>): void {
    for (let output = host.swim.poll(); output; output = host.swim.poll()) {
      if (output.type === 'rejected') throw output.error;
      if (output.type === 'transmit') {
        for (const check of this.checks) check(host, output.bytes);
        this.#send(host, output.to, output.bytes);
      } else {
        host.events.push(output);
        for (const check of this.checks) check(host, output);
      }
    }
  }

  #send(from: Host<Id>, to: Id, bytes: Uint8Array): void {
    this.packets++;
    const address = this.#options.traits.address(to);
    const target = this.hosts.get(address);
    const cut = this.#cut.has(from.name) !== this.#cut.has(target?.name ?? '');
    if (cut || this.random() < this.weather.loss) {
      this.lost++;
      return;
    }
    const copies = this.random() < this.weather.duplicate ? 2 : 1;
    const [least, most] = this.weather.latency;
    for (let i = 0; i < copies; i++) {
      const at = this.now + least + this.random() * (most - least);
      // The socket buffer of a paused host overflows.
      if (this.#flying.length < 20_000) this.#flying.push({ at, to: address, bytes });
    }
  }
}

/** A network of Shoal's own protocol. */
export function shoalNetwork(seed: number, config: SwimConfig = local()): Network<NodeIdentity> {
  const identity = (name: string, generation: number): NodeIdentity => node(name, generation);
  return new Network(seed, { traits: nodeTraits, codec: shoal, config, identity });
}
