import type { Codec, SkippableCodec } from '../bytes/codec.ts';
import type { ByteReader } from '../bytes/reader.ts';
import { type ByteWriter, rollback } from '../bytes/writer.ts';
import { WireError } from '../errors.ts';
import { u8 } from './combinators.ts';

const ZERO = 48;
const DOT = 46;
const COLON = 58;

// Text as Rust's `SocketAddr` has it: "127.0.0.1:7946", "[::1]:7946". IPv6 follows RFC 5952.

/** The `SocketAddr` codec of a format, made of its u16 and its index of variants. */
export function socketAddressOf(
  index: Codec<number>,
  u16: SkippableCodec<number>,
): SkippableCodec<string> {
  const ipSize = (reader: ByteReader): number => {
    const at = reader.offset;
    const family = index.decode(reader);
    if (family > 1) reader.fail('variant', '0 for IPv4 or 1 for IPv6', at);
    return family === 0 ? 4 : 16;
  };
  return {
    encode(writer, value) {
      const start = writer.offset;
      index.encode(writer, 0);
      const ipv4Port = writeIpv4(writer, value);
      if (ipv4Port >= 0) {
        u16.encode(writer, ipv4Port);
        return;
      }
      rollback(writer, start);
      const { ip, port } = parseSocketAddress(value);
      index.encode(writer, ip.length === 4 ? 0 : 1);
      for (const byte of ip) u8.encode(writer, byte);
      u16.encode(writer, port);
    },
    decode(reader) {
      const ip = reader.view(ipSize(reader));
      return formatSocketAddress(ip, u16.decode(reader));
    },
    skip(reader) {
      reader.skip(ipSize(reader));
      u16.skip(reader);
    },
  };
}

/**
 * A fast path for the usual case, in one pass: writes the bytes of an IPv4 address and returns the
 * port. Returns -1, with some bytes written, if `text` is anything else.
 */
function writeIpv4(writer: ByteWriter, text: string): number {
  let value = 0;
  let digits = 0;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const digit = unit - ZERO;
    if (digit >= 0 && digit <= 9) {
      // A part of an address must not have leading zeros. A port may.
      if (digits > 0 && value === 0 && dots < 4) return -1;
      value = value * 10 + digit;
      if (++digits > 5) return -1;
    } else {
      if (unit !== (dots < 3 ? DOT : COLON) || dots > 3 || digits === 0 || value > 255) return -1;
      writer.u8(value);
      dots++;
      value = 0;
      digits = 0;
    }
  }
  return dots === 4 && digits > 0 && value <= 0xffff ? value : -1;
}

/** The text of a socket address. `ip` has 4 or 16 bytes. */
function formatSocketAddress(ip: Uint8Array, port: number): string {
  if (ip.length === 4) return `${ip[0]}.${ip[1]}.${ip[2]}.${ip[3]}:${port}`;
  return `[${formatIpv6(ip)}]:${port}`;
}

function formatIpv6(ip: Uint8Array): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((ip[i]! << 8) | ip[i + 1]!);
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `::ffff:${ip[12]}.${ip[13]}.${ip[14]}.${ip[15]}`;
  }
  // The longest run of at least two zero groups becomes "::", the first one if several are as long.
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (groups[i + run] === 0) run++;
    if (run > length) [start, length] = [i, run];
    i += run;
  }
  const hex = groups.map((group) => group.toString(16));
  if (start < 0) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

/**
 * The bytes of a numeric socket address. Throws a `WireError` with code `address` for anything else,
 * host names included.
 */
function parseSocketAddress(text: string): { ip: Uint8Array; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const ip = match?.[1] === undefined ? parseIpv4(match?.[2] ?? '') : parseIpv6(match[1]);
  if (!match || ip === undefined || port > 0xffff) {
    throw new WireError('address', 0, `ip:port with a numeric ip, not ${JSON.stringify(text)}`);
  }
  return { ip, port };
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  if (!parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined;
  return Uint8Array.from(parts, Number);
}

function parseIpv6(text: string): Uint8Array | undefined {
  let rest = text;
  const tail: number[] = [];
  const dotted = /^(.*:)([^:]*\..*)$/.exec(text);
  if (dotted) {
    const v4 = parseIpv4(dotted[2]!);
    if (v4 === undefined) return undefined;
    tail.push((v4[0]! << 8) | v4[1]!, (v4[2]! << 8) | v4[3]!);
    // Drop the ":" before the dotted part, but keep a "::".
    rest = dotted[1]!.endsWith('::') ? dotted[1]! : dotted[1]!.slice(0, -1);
  }
  const halves = rest.split('::');
  if (halves.length > 2) return undefined;
  const [head, end] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const parts = [...head!, ...(end ?? [])];
  if (!parts.every((part) => /^[0-9a-fA-F]{1,4}$/.test(part))) return undefined;
  const missing = 8 - parts.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const toNumbers = (list: readonly string[]): number[] =>
    list.map((part) => Number.parseInt(part, 16));
  const zeros = new Array<number>(missing).fill(0);
  const groups = [...toNumbers(head!), ...zeros, ...toNumbers(end ?? []), ...tail];
  return Uint8Array.from(groups.flatMap((group) => [group >>> 8, group & 0xff]));
}
