import type { WireErrorCode } from '../errors.ts';
import type { Codec } from './codec.ts';
import type { ByteReader } from './reader.ts';
import { ByteWriter } from './writer.ts';

// The messages of a stream protocol are described once, in a table of layouts. The encoder, the
// decoder and describePacket all follow it.

/** A {@link Codec} of one field. `context` is what the caller of the whole message passes along. */
export interface Field<T, Context = unknown> {
  encode(writer: ByteWriter, value: T, context: Context): void;
  decode(reader: ByteReader, context: Context): T;
}

interface Typed {
  readonly type: string;
}

/** A number that is always the same, such as a magic. It is not part of the decoded message. */
export interface Constant {
  readonly codec: Codec<number>;
  readonly value: number;
  /** The code of the error for any other number. */
  readonly code: WireErrorCode;
}

/** What a message consists of. The fields are in the order of their bytes. */
export interface Layout<M extends Typed, Context = unknown> {
  /** The first byte, which tells the messages of a family apart. */
  readonly opcode: number;
  /** When true, a u32 follows the opcode: the CRC-32 of all bytes after it. */
  readonly checksum?: boolean;
  /** Constants before the fields, by name. */
  readonly preamble?: Readonly<Record<string, Constant>>;
  readonly fields: { readonly [K in Exclude<keyof M, 'type'>]: Field<M[K], Context> };
  /** When true, later versions may add fields at the end. A decoder ignores them. */
  readonly extensible?: boolean;
  /** The length in bytes, if it is the same for all messages of this type. */
  readonly length?: number;
  /** The length of one message in bytes, so that a large one is encoded without a copy. */
  lengthOf?(message: M): number;
}

/** The layout of each message of a family, by type. */
export type Layouts<M extends Typed, Context = unknown> = {
  readonly [T in M['type']]: Layout<Extract<M, { readonly type: T }>, Context>;
};

/** Encodes and decodes the messages of one type, as its layout says. */
export class MessageFormat<M extends Typed, Context = unknown> {
  readonly type: M['type'];
  readonly layout: Layout<M, Context>;
  readonly #names: readonly string[];
  readonly #fields: readonly Field<unknown, Context>[];

  constructor(type: M['type'], layout: Layout<M, Context>) {
    this.type = type;
    this.layout = layout;
    this.#names = Object.keys(layout.fields);
    this.#fields = Object.values(layout.fields);
  }

  /** The bytes of a message. Its checksum is left at zero. */
  encode(message: M, context: Context): Uint8Array {
    const { opcode, checksum, preamble, length, lengthOf } = this.layout;
    const capacity = length ?? lengthOf?.(message) ?? 64;
    const writer = new ByteWriter({ capacity });
    writer.u8(opcode);
    if (checksum) writer.u32be(0);
    for (const name in preamble) {
      const { codec, value } = preamble[name]!;
      codec.encode(writer, value);
    }
    const values = message as unknown as Readonly<Record<string, unknown>>;
    const names = this.#names;
    const fields = this.#fields;
    for (let i = 0; i < fields.length; i++) fields[i]!.encode(writer, values[names[i]!], context);
    return writer.offset === writer.bytes.length ? writer.bytes : writer.copy();
  }

  /** The message in the bytes that follow the opcode and the checksum. */
  decode(reader: ByteReader, context: Context): M {
    const { preamble, extensible } = this.layout;
    for (const name in preamble) decodeConstant(reader, preamble[name]!);
    const message: Record<string, unknown> = { type: this.type };
    const names = this.#names;
    const fields = this.#fields;
    for (let i = 0; i < fields.length; i++) message[names[i]!] = fields[i]!.decode(reader, context);
    if (!extensible) reader.finish();
    return message as unknown as M;
  }
}

/** Reads a constant, and throws its `code` for any other number. */
export function decodeConstant(reader: ByteReader, constant: Constant): number {
  const { codec, value, code } = constant;
  const start = reader.offset;
  const found = codec.decode(reader);
  if (found === value) return found;
  return reader.fail(code, `${code} ${value.toString(16)}, not ${found.toString(16)}`, start);
}

/** The formats of all messages of a protocol, by type and by opcode. */
export class MessageFamily<M extends Typed, Context = unknown> {
  readonly #byType = new Map<string, MessageFormat<M, Context>>();
  readonly #byOpcode: MessageFormat<M, Context>[] = [];

  constructor(layouts: Layouts<M, Context>) {
    for (const type of Object.keys(layouts) as M['type'][]) {
      const layout = layouts[type] as Layout<M, Context>;
      const format = new MessageFormat(type, layout);
      this.#byType.set(type, format);
      this.#byOpcode[layout.opcode] = format;
    }
  }

  byType(type: string): MessageFormat<M, Context> | undefined {
    return this.#byType.get(type);
  }

  byOpcode(opcode: number): MessageFormat<M, Context> | undefined {
    return this.#byOpcode[opcode];
  }
}
