import {
  decodePacket,
  encodePacket,
  focaCodec,
  type Member,
  type Message,
  type NodeIdentity,
  type Packet,
  type SwimCodec,
  shoalCodec,
} from '@shoal/wire';
import * as postcard from '@shoal/wire/postcard';
import { lan, type SwimConfig } from '../src/config.ts';
import type { MembershipEvent, Output } from '../src/events.ts';
import { type IdentityTraits, nodeTraits } from '../src/members/identity.ts';
import { Swim } from '../src/swim.ts';
import type { SwimOptions } from '../src/swim-options.ts';

/** Random numbers from 0 to 1, from a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function node(name: string, generation = 1, metadata = ''): NodeIdentity {
  return { address: `${name}:1`, generation, metadata: new TextEncoder().encode(metadata) };
}

export const shoal: SwimCodec<NodeIdentity> = shoalCodec({ label: 'test' });

/** An identity as users of foca define it. */
export interface FocaId {
  readonly addr: string;
  readonly bump: number;
}

export const foca: SwimCodec<FocaId> = focaCodec({
  format: postcard,
  identity: postcard.struct({ addr: postcard.str, bump: postcard.u32 }),
});

export const focaTraits: IdentityTraits<FocaId> = {
  address: (id) => id.addr,
  equals: (a, b) => a.addr === b.addr && a.bump === b.bump,
  wins: (a, b) => a.bump > b.bump,
  renew: (id, rival) => ({ addr: id.addr, bump: Math.max(id.bump, rival?.bump ?? 0) + 1 }),
};

export const unrenewable: IdentityTraits<NodeIdentity> = { ...nodeTraits, renew: () => undefined };

/** The outputs of a machine, by kind. */
export interface Drained<Id> {
  readonly sent: { readonly to: Id; readonly bytes: Uint8Array; readonly packet: Packet<Id> }[];
  readonly events: MembershipEvent<Id>[];
  readonly rejected: Extract<Output<Id>, { type: 'rejected' }>[];
}

/** A machine under test, among imaginary peers. The test sets the time. */
export class Bench<Id> {
  readonly swim: Swim<Id>;
  readonly codec: SwimCodec<Id>;
  readonly config: SwimConfig;
  now = 1000;

  constructor(options: SwimOptions<Id>) {
    this.swim = new Swim(options);
    this.codec = options.codec;
    this.config = options.config;
    this.swim.tick(this.now);
  }

  drain(): Drained<Id> {
    const drained: Drained<Id> = { sent: [], events: [], rejected: [] };
    for (let output = this.swim.poll(); output; output = this.swim.poll()) {
      if (output.type === 'transmit') {
        const packet = decodePacket(this.codec, output.bytes, this.config);
        drained.sent.push({ to: output.to, bytes: output.bytes, packet });
      } else if (output.type === 'rejected') drained.rejected.push(output);
      else drained.events.push(output);
    }
    return drained;
  }

  /** A packet to the machine from an imaginary peer `src`. */
  bytes(src: Id, message: Message<Id>, parts: PacketParts<Id> = {}): Uint8Array {
    return encodePacket(
      this.codec,
      {
        header: {
          src,
          srcIncarnation: parts.incarnation ?? 0,
          dst: parts.dst ?? this.swim.identity,
          message,
        },
        members: parts.members ?? [],
        broadcasts: parts.broadcasts ?? [],
      },
      this.config,
    );
  }

  receive(src: Id, message: Message<Id>, parts: PacketParts<Id> = {}): Drained<Id> {
    this.swim.receive(this.bytes(src, message, parts), this.now);
    return this.drain();
  }

  gossip(src: Id, ...members: Member<Id>[]): Drained<Id> {
    return this.receive(src, { type: 'gossip' }, { members });
  }

  /** Lets time pass, ticking at each deadline. */
  run(ms: number): Drained<Id> {
    const all: Drained<Id> = { sent: [], events: [], rejected: [] };
    const end = this.now + ms;
    while (this.swim.nextDeadline <= end) {
      this.now = Math.max(this.now, this.swim.nextDeadline);
      this.swim.tick(this.now);
      const { sent, events, rejected } = this.drain();
      all.sent.push(...sent);
      all.events.push(...events);
      all.rejected.push(...rejected);
    }
    this.now = end;
    return all;
  }

  /** Lets time pass until the machine sends a message of this type, and returns that message. */
  until(type: Message<Id>['type'], limit = 600_000): Drained<Id>['sent'][number] {
    const end = this.now + limit;
    while (this.swim.nextDeadline <= end) {
      this.now = Math.max(this.now, this.swim.nextDeadline);
      this.swim.tick(this.now);
      const found = this.drain().sent.find((one) => one.packet.header.message.type === type);
      if (found) return found;
    }
    throw new Error(`no ${type} within ${limit} ms`);
  }

  /** Everything that the machine knows, to compare before and after. */
  state(): unknown {
    const { swim } = this;
    return {
      members: [...swim.membershipState()],
      identity: swim.identity,
      incarnation: swim.incarnation,
      state: swim.state,
      digest: swim.digest(),
      deadline: swim.nextDeadline,
      queued: swim.stats().queuedUpdates,
    };
  }
}

export interface PacketParts<Id> {
  readonly incarnation?: number;
  readonly dst?: Id;
  readonly members?: readonly Member<Id>[];
  readonly broadcasts?: readonly Uint8Array[];
}

/** A machine called `me` that speaks Shoal's own protocol. */
export function bench(
  options: Partial<SwimOptions<NodeIdentity>> & { seed?: number } = {},
): Bench<NodeIdentity> {
  return new Bench({
    identity: node('me'),
    traits: nodeTraits,
    codec: shoal,
    config: lan(),
    random: seeded(options.seed ?? 1),
    ...options,
  });
}

/** A machine called `me` that speaks foca's. */
export function focaBench(options: Partial<SwimOptions<FocaId>> = {}): Bench<FocaId> {
  return new Bench({
    identity: { addr: 'me', bump: 0 },
    traits: focaTraits,
    codec: foca,
    config: lan(),
    random: seeded(1),
    ...options,
  });
}

/** `bench` with these active members, and nothing queued or waiting to be taken. */
export function joined(
  names: readonly string[],
  options: Partial<SwimOptions<NodeIdentity>> & { seed?: number } = {},
): Bench<NodeIdentity> {
  const one = bench(options);
  one.swim.applyMany(
    names.map((name) => alive(node(name))),
    one.now,
    { broadcast: false },
  );
  one.drain();
  return one;
}

export function alive<Id>(id: Id, incarnation = 0): Member<Id> {
  return { id, incarnation, state: 'alive' };
}

export function suspect<Id>(id: Id, incarnation = 0, suspector?: string): Member<Id> {
  return { id, incarnation, state: 'suspect', suspector };
}

export function down<Id>(id: Id, incarnation = 0, left = false): Member<Id> {
  return { id, incarnation, state: 'down', left };
}

/** The types of events, in order. */
export function types(events: readonly { readonly type: string }[]): string[] {
  return events.map((event) => event.type);
}

/** The types of messages, in order. */
export function messages<Id>(drained: Drained<Id>): string[] {
  return drained.sent.map((one) => one.packet.header.message.type);
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
