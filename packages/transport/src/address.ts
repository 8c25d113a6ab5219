import { TransportError } from './errors.ts';

/**
 * The address of a member: `host ":" port [ "!" client ]`.
 *
 * The host is an IPv4 address, an IPv6 address (in brackets in the text, with an optional `%zone`)
 * or a DNS name. The client names a member behind a gateway at that host and port, such as a
 * browser tab: 1..64 letters, digits, `.`, `_`, `~` or `-`. (Gateways give names of at most 22.)
 */
export interface Address {
  /** Canonical: IPv6 as in RFC 5952 and without brackets, names in lower case. */
  readonly host: string;
  /** 0..65535. Binding to 0 picks a free port. */
  readonly port: number;
  readonly client?: string | undefined;
}

const CLIENT = /^[A-Za-z0-9._~-]{1,64}$/;
/** The system's name or number of an interface. */
const ZONE = /^[^\s%![\]]{1,64}$/;
const PORT = /^(?:0|[1-9][0-9]{0,4})$/;
const BYTE = /^(?:0|[1-9][0-9]{0,2})$/;
const GROUP = /^[0-9A-Fa-f]{1,4}$/;
const LABEL = /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/;
/** A last label that makes a name look like an IPv4 address. Resolvers disagree on such names. */
const NUMERIC = /^(?:[0-9]+|0[xX][0-9A-Fa-f]*)$/;

/**
 * Parses an address; the inverse of {@link formatAddress}. An IPv4-mapped IPv6 address becomes the
 * IPv4 address. Throws a `TransportError` with code `address` for any other text.
 */
export function parseAddress(text: string): Address {
  const mark = text.indexOf('!');
  const place = mark < 0 ? text : text.slice(0, mark);
  const colon = place.lastIndexOf(':');
  const portText = place.slice(colon + 1);
  const port = PORT.test(portText) ? Number(portText) : -1;
  if (colon < 0 || port < 0 || port > 65535) fail(text, 'host:port with a port of 0..65535');
  let host = place.slice(0, colon);
  if (host.startsWith('[') && host.endsWith(']')) {
    host = parseIPv6(host.slice(1, -1)) ?? fail(text, 'an IPv6 address in the brackets');
  } else {
    host = parseHostName(host) ?? fail(text, 'an IPv4 address, a name, or IPv6 in brackets');
  }
  if (mark < 0) return { host, port };
  const client = text.slice(mark + 1);
  if (!CLIENT.test(client)) fail(text, '1..64 letters, digits, ".", "_", "~" or "-" after "!"');
  return { host, port, client };
}

/**
 * Returns the canonical text of an address: equal addresses have equal texts. The host may be any
 * that {@link parseAddress} accepts; brackets around IPv6 are optional. Throws a `TransportError`
 * with code `address`.
 */
export function formatAddress(address: Address): string {
  const { host, port, client } = address;
  const bracketed = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  const text = `${bracketed}:${port}${client === undefined ? '' : `!${client}`}`;
  const canonical = parseAddress(text);
  const name = canonical.host.includes(':') ? `[${canonical.host}]` : canonical.host;
  return `${name}:${port}${client === undefined ? '' : `!${client}`}`;
}

/** The IP version of a host, 4 or 6; 0 for a name that must be resolved. */
export function hostFamily(host: string): 0 | 4 | 6 {
  if (host.includes(':')) return 6;
  return parseIPv4(host) === undefined ? 0 : 4;
}

function fail(text: string, expected: string): never {
  const shown = text.length > 300 ? `${text.slice(0, 300)}...` : text;
  throw new TransportError('address', `invalid address "${shown}": expected ${expected}`);
}

function parseHostName(host: string): string | undefined {
  if (host.length > 254) return undefined;
  const labels = host.split('.');
  if (NUMERIC.test(labels.at(-1)!)) return parseIPv4(host) && host;
  if (labels.length > 1 && labels.at(-1) === '') labels.pop();
  if (NUMERIC.test(labels.at(-1)!) || !labels.every((label) => LABEL.test(label))) return undefined;
  return host.length - (host.endsWith('.') ? 1 : 0) > 253 ? undefined : host.toLowerCase();
}

function parseIPv4(text: string): number[] | undefined {
  const bytes = text.split('.', 5);
  if (bytes.length !== 4 || !bytes.every((byte) => BYTE.test(byte) && Number(byte) <= 255)) {
    return undefined;
  }
  return bytes.map(Number);
}

/** The canonical text, without brackets; the IPv4 address if it is an IPv4-mapped one. */
function parseIPv6(text: string): string | undefined {
  const percent = text.indexOf('%');
  const zone = percent < 0 ? '' : text.slice(percent + 1);
  if (percent >= 0 && !ZONE.test(zone)) return undefined;
  const halves = (percent < 0 ? text : text.slice(0, percent)).split('::', 3);
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1]!, true) : [];
  if (!head || !tail) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  if (groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
    const [high, low] = [groups[6]!, groups[7]!];
    return zone ? undefined : `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  return formatIPv6(groups) + (zone && `%${zone}`);
}

/** Reads groups of hexadecimal digits. If `mixed`, the last one may be an IPv4 address. */
function parseGroups(text: string, mixed: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':', 9);
  for (const [i, part] of parts.entries()) {
    const bytes = mixed && i === parts.length - 1 ? parseIPv4(part) : undefined;
    if (bytes) groups.push((bytes[0]! << 8) | bytes[1]!, (bytes[2]! << 8) | bytes[3]!);
    else if (GROUP.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

/** RFC 5952, section 4: lower case; "::" for the first of the longest runs of two or more zeros. */
function formatIPv6(groups: readonly number[]): string {
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > length) [start, length] = [i, end - i];
    if (end > i) i = end;
  }
  const hex = groups.map((group) => group.toString(16));
  if (start < 0) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}
