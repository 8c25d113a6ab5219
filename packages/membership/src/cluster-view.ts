import { ByteWriter, type Member, type MemberRecord } from '@shoal/wire';
import { suspicionConfirmations, suspicionTimeout, transmissionLimit } from './config.ts';
import type { Context } from './context.ts';
import { type QueueItem, TransmissionQueue } from './dissemination.ts';
import { MemberEntry, MemberTable } from './member-table.ts';
import { Suspicion } from './suspicion.ts';
import { beats } from './transitions.ts';

/** An update as it is applied: a wire record, or one of our own making. */
export type Update<Id> = Readonly<MemberRecord<Id>>;

/** The identity in question, once an update about it was looked at. */
export type Standing =
  | 'active'
  | 'down'
  /** Another identity holds its address, and wins. */
  | 'superseded'
  /** It is not known, and there is no room. */
  | 'refused';

/**
 * What we believe of the others: takes updates in, keeps suspicions and their deadlines, and
 * queues what is news. It knows nothing of ourselves.
 */
export class ClusterView<Id> {
  readonly table: MemberTable<Id> = new MemberTable<Id>();
  /** News of members, each at most once, and of ourselves. */
  readonly updates: TransmissionQueue<QueueItem> = new TransmissionQueue({ prefixed: false });
  /** The longest update, in bytes, that a packet of ours can carry. */
  maxUpdateSize = 0;
  readonly #context: Context<Id>;
  readonly #writer: ByteWriter = new ByteWriter();
  #limit = 0;
  #limitSize = -1;

  constructor(context: Context<Id>) {
    this.#context = context;
  }

  /** The number of live members, ourselves included. */
  get size(): number {
    return this.table.active.size + 1;
  }

  /** How often an update is sent at the most, now. */
  get transmissions(): number {
    if (this.#limitSize !== this.size) {
      this.#limitSize = this.size;
      this.#limit = transmissionLimit(this.#context.config, this.size);
    }
    return this.#limit;
  }

  /** The entry of exactly this identity. */
  find(id: Id): MemberEntry<Id> | undefined {
    const entry = this.table.get(this.#context.traits.address(id));
    return entry !== undefined && this.#same(entry.id, id) ? entry : undefined;
  }

  /** Takes in an update about another address than ours. `spread`: passes it on if it is news. */
  apply(update: Update<Id>, spread: boolean): Standing {
    const { traits } = this.#context;
    const entry = this.table.get(traits.address(update.id));
    if (entry === undefined) return this.#introduce(update, spread);
    if (!this.#same(entry.id, update.id)) {
      if (!traits.wins(update.id, entry.id)) return 'superseded';
      this.#replace(entry, update, spread);
    } else if (beats(entry.state, entry.incarnation, update.state, update.incarnation)) {
      this.#change(entry, update, spread);
    } else if (
      update.state === 'suspect' &&
      entry.state === 'suspect' &&
      update.incarnation === entry.incarnation
    ) {
      this.#confirm(entry, update.suspector, spread);
    }
    return entry.active ? 'active' : 'down';
  }

  /** Our own probe of `entry`, begun at this incarnation, has failed. */
  suspect(entry: MemberEntry<Id>, incarnation: number): void {
    const { self, lifeguard } = this.#context;
    const suspector = lifeguard ? self.address : undefined;
    const { id } = entry;
    this.apply({ id, incarnation, state: 'suspect', suspector, left: false }, true);
    // Without Lifeguard, or after our identity changed, it may have been suspect with no end.
    if (entry.state === 'suspect' && entry.incarnation === incarnation && !entry.suspicion) {
      this.#startSuspicion(entry);
    }
  }

  /** The end of a suspicion, or of the memory of a Down member. Returns who is now Down. */
  expire(entry: MemberEntry<Id>): MemberEntry<Id> | undefined {
    if (entry.state === 'down') {
      this.#forget(entry);
      return undefined;
    }
    const { suspicion, id, incarnation } = entry;
    if (suspicion?.incarnation !== incarnation) return undefined;
    this.apply({ id, incarnation, state: 'down', suspector: undefined, left: false }, true);
    return entry;
  }

  /** Makes `address` unknown, if nobody active has it. False if somebody has. */
  vacate(address: string): boolean {
    const entry = this.table.get(address);
    if (entry?.active) return false;
    if (entry) this.#forget(entry);
    return true;
  }

  /** Begins every suspicion anew: what we made of the time before is not to be trusted. */
  restartSuspicions(): void {
    for (const entry of this.table.active) if (entry.suspicion) this.#startSuspicion(entry);
  }

  /** Ends every suspicion without a verdict. */
  dropSuspicions(): void {
    for (const entry of this.table.active) this.#endSuspicion(entry);
  }

  /** The record of `entry` on the wire. */
  encode(entry: MemberEntry<Id>): Uint8Array {
    entry.encoded ??= this.encodeMember(entry);
    return entry.encoded;
  }

  encodeMember(member: Member<Id>): Uint8Array {
    const writer = this.#writer.reset();
    this.#context.codec.writeMember(writer, member);
    return writer.copy();
  }

  #same(a: Id, b: Id): boolean {
    return a === b || this.#context.traits.equals(a, b);
  }

  #introduce(update: Update<Id>, spread: boolean): Standing {
    const { traits, counters, outputs } = this.#context;
    if (this.table.size >= this.#context.config.maxMembers && !this.#makeRoom()) {
      counters.membersRefused++;
      return 'refused';
    }
    const entry = new MemberEntry(traits.address(update.id), update.id, update.incarnation);
    entry.state = update.state;
    entry.left = update.state === 'down' && update.left;
    this.table.add(entry);
    if (entry.active) outputs.emit({ type: 'memberUp', member: entry.snapshot() });
    this.#enter(entry, update, spread);
    return entry.active ? 'active' : 'down';
  }

  #replace(entry: MemberEntry<Id>, update: Update<Id>, spread: boolean): void {
    const { outputs } = this.#context;
    const previous = entry.id;
    const wasActive = entry.active;
    this.#endSuspicion(entry);
    entry.id = update.id;
    entry.incarnation = update.incarnation;
    this.table.move(entry, update.state, update.state === 'down' && update.left);
    outputs.emit({ type: 'memberUpdated', member: entry.snapshot(), previous });
    if (wasActive !== entry.active) this.#emitLiveness(entry);
    this.#enter(entry, update, spread);
  }

  #change(entry: MemberEntry<Id>, update: Update<Id>, spread: boolean): void {
    const { outputs } = this.#context;
    const before = entry.state;
    this.#endSuspicion(entry);
    entry.incarnation = update.incarnation;
    this.table.move(entry, update.state, update.state === 'down' && update.left);
    if (!entry.active) this.#emitLiveness(entry);
    this.#enter(entry, update, spread);
    if (before === 'suspect' && entry.state === 'alive') {
      outputs.emit({ type: 'memberRefuted', member: entry.snapshot() });
    }
  }

  #emitLiveness(entry: MemberEntry<Id>): void {
    const { outputs } = this.#context;
    const member = entry.snapshot();
    if (entry.active) outputs.emit({ type: 'memberUp', member });
    else outputs.emit({ type: 'memberDown', member, reason: entry.left ? 'left' : 'failed' });
  }

  /** What follows from having entered a state: a deadline, and news to be spread. */
  #enter(entry: MemberEntry<Id>, update: Update<Id>, spread: boolean): void {
    const { timers, clock, config, lifeguard, counters, outputs } = this.#context;
    entry.encoded = undefined;
    entry.suspector = update.state === 'suspect' ? update.suspector : undefined;
    timers.cancel(entry);
    if (entry.state === 'down') {
      timers.schedule(entry, clock.now + config.removeDownAfter);
    } else if (entry.state === 'suspect') {
      counters.suspicions++;
      if (lifeguard) this.#startSuspicion(entry);
      outputs.emit({ type: 'memberSuspected', member: entry.snapshot() });
    }
    if (spread) this.#queue(entry);
    else this.updates.remove(entry);
  }

  #confirm(entry: MemberEntry<Id>, suspector: string | undefined, spread: boolean): void {
    const { timers, self } = this.#context;
    const { suspicion } = entry;
    if (suspicion === undefined || suspector === undefined || suspector === entry.address) return;
    // Who is no member cannot hurry a suspicion, or anyone could with made-up names.
    if (suspector !== self.address && !this.table.get(suspector)?.active) return;
    if (!suspicion.confirm(suspector)) return;
    timers.schedule(entry, suspicion.deadline);
    entry.suspector = suspector;
    entry.encoded = undefined;
    if (spread) this.#queue(entry);
  }

  #startSuspicion(entry: MemberEntry<Id>): void {
    const { timers, clock, config, lifeguard } = this.#context;
    entry.suspicion = new Suspicion({
      incarnation: entry.incarnation,
      start: clock.now,
      least: suspicionTimeout(config, this.size),
      factor: config.suspicionMaxFactor,
      wanted: lifeguard?.suspicion ? suspicionConfirmations(config, this.size) : 0,
      suspector: entry.suspector,
    });
    timers.schedule(entry, entry.suspicion.deadline);
  }

  #endSuspicion(entry: MemberEntry<Id>): void {
    if (entry.suspicion === undefined) return;
    entry.suspicion = undefined;
    this.#context.timers.cancel(entry);
  }

  #queue(entry: MemberEntry<Id>): void {
    const bytes = this.encode(entry);
    if (bytes.length <= this.maxUpdateSize) {
      this.updates.add(entry, bytes);
      return;
    }
    this.updates.remove(entry);
    this.#context.counters.oversized++;
  }

  /** Forgets the Down member that is of least use: one that left, else one that failed. */
  #makeRoom(): boolean {
    const { departed, failed } = this.table;
    const from = departed.size > 0 ? departed : failed;
    if (from.size === 0) return false;
    this.#forget(from.draw(0, this.#context.random));
    return true;
  }

  #forget(entry: MemberEntry<Id>): void {
    this.#context.timers.cancel(entry);
    this.updates.remove(entry);
    this.table.remove(entry);
  }
}
