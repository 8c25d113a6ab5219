import { ByteReader, ByteWriter, type Member } from '@shoal/wire';
import type { MemberRecord } from '@shoal/wire/internal';
import type { Context } from '../context.ts';
import type { Slot } from './member-rows.ts';
import type { MemberTable } from './member-table.ts';
import type { Suspicions } from './suspicions.ts';

/** Encodes members as they are on the wire. */
export class MemberCodec<Id> {
  readonly #context: Context<Id>;
  readonly #table: MemberTable<Id>;
  readonly #suspicions: Suspicions<Id>;
  readonly #writer: ByteWriter = new ByteWriter();
  readonly #reader: ByteReader = new ByteReader();
  /** Reused for each member that is written or read. */
  readonly #record: MemberRecord<Id>;

  constructor(context: Context<Id>, table: MemberTable<Id>, suspicions: Suspicions<Id>) {
    this.#context = context;
    this.#table = table;
    this.#suspicions = suspicions;
    this.#record = {
      id: context.self.identity,
      incarnation: 0,
      state: 'alive',
      suspector: undefined,
      left: false,
    };
  }

  /** Throws a WireError if the member cannot be encoded. */
  encode(member: Member<Id>): Uint8Array {
    return this.#write(member).copy();
  }

  /** Encodes the member in a slot. */
  encodeAt(slot: Slot): Uint8Array {
    return this.encode(this.record(slot));
  }

  /** The same, at the start of a buffer that the next call may change. */
  scratch(slot: Slot): { readonly bytes: Uint8Array; readonly offset: number } {
    return this.#write(this.record(slot));
  }

  /** Writes the member in a slot. Returns false if it does not fit before offset `end`. */
  write(writer: ByteWriter, slot: Slot, end: number): boolean {
    const { bytes, offset: size } = this.scratch(slot);
    if (size > end - writer.offset) return false;
    writer.raw(bytes, 0, size);
    return true;
  }

  /**
   * Returns the member's identity as the codec reads it, which may be a shared object, so that it
   * compares quickly with those of later packets. Throws a WireError if it cannot be encoded.
   */
  canonical(member: Member<Id>): Id {
    const reader = this.#reader.reset(this.#write(member).view());
    this.#context.codec.readMember(reader, this.#record);
    return this.#record.id;
  }

  /** What is known about the member in a slot. Valid until the next call of any method here. */
  record(slot: Slot): Readonly<MemberRecord<Id>> {
    const record = this.#record;
    const state = this.#table.state(slot);
    record.id = this.#table.id(slot);
    record.incarnation = this.#table.incarnation(slot);
    record.state = state;
    record.suspector = state === 'suspect' ? this.#suspicions.get(slot)?.suspector : undefined;
    record.left = this.#table.hasLeft(slot);
    return record;
  }

  #write(member: Member<Id>): ByteWriter {
    const writer = this.#writer.reset();
    this.#context.codec.writeMember(writer, member);
    return writer;
  }
}
