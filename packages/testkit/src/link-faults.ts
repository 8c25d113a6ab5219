import { formatAddress, parseAddress, TransportError } from '@shoal/transport';
import type { Random } from './random.ts';

/** What befalls what is sent over a link. Everything is off by default. */
export interface LinkFaults {
  /** The share of datagrams that is lost, 0..1. */
  readonly loss?: number | undefined;
  /** How long something is on its way, in ms, or a range of which each takes a random part. */
  readonly delay?: number | readonly [min: number, max: number] | undefined;
  /** The share of datagrams that arrives twice, 0..1. */
  readonly duplication?: number | undefined;
  /** The share of datagrams that is held back so that later ones overtake it, 0..1. */
  readonly reordering?: number | undefined;
  /** How long such a datagram is held back at most, in ms. Default 20. */
  readonly reorderingDelay?: number | undefined;
}

/**
 * Links by where they start and end, each a host (`10.0.0.1`, `::1`), an address
 * (`10.0.0.1:7946`), or left out for any. A link has one direction.
 */
export interface Link {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** An address and its host, as links name them. */
export interface Place {
  readonly address: string;
  readonly host: string;
}

/** {@link LinkFaults}, checked and complete. */
export interface CheckedFaults {
  readonly loss: number;
  readonly minDelay: number;
  readonly maxDelay: number;
  readonly duplication: number;
  readonly reordering: number;
  readonly reorderingDelay: number;
}

export function checkFaults(faults: LinkFaults): CheckedFaults {
  const delay = faults.delay ?? 0;
  const [minDelay, maxDelay] = typeof delay === 'number' ? [delay, delay] : delay;
  const { loss = 0, duplication = 0, reordering = 0, reorderingDelay = 20 } = faults;
  for (const [name, share] of Object.entries({ loss, duplication, reordering })) {
    if (!(share >= 0 && share <= 1)) fail(`${name} is a share of 0..1, not ${share}`);
  }
  for (const ms of [minDelay, maxDelay, reorderingDelay]) {
    if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY)) fail(`a delay is in ms, not ${ms}`);
  }
  if (minDelay > maxDelay) fail(`the delay ends at ${maxDelay}, before its start at ${minDelay}`);
  return { loss, minDelay, maxDelay, duplication, reordering, reorderingDelay };
}

/** A delay for one thing on its way, in ms. Draws a number only if the delay varies. */
export function drawDelay(faults: CheckedFaults, random: Random): number {
  const { minDelay, maxDelay } = faults;
  return minDelay === maxDelay ? minDelay : minDelay + random() * (maxDelay - minDelay);
}

/** The place of a canonical address; a client is where its gateway is. */
export function placeOf(address: string): Place {
  const { host, port } = parseAddress(address);
  return { address: formatAddress({ host, port }), host };
}

/** The canonical text of a host or an address that a link names. */
export function canonicalPlace(text: string): string {
  try {
    const { host, port } = parseAddress(text);
    return formatAddress({ host, port });
  } catch {
    return parseAddress(`${text.includes(':') && !text.startsWith('[') ? `[${text}]` : text}:0`)
      .host;
  }
}

export function canonicalLink(link: Link): Link {
  return {
    ...(link.from === undefined ? {} : { from: canonicalPlace(link.from) }),
    ...(link.to === undefined ? {} : { to: canonicalPlace(link.to) }),
  };
}

export function covers(link: Link, from: Place, to: Place): boolean {
  return isAt(link.from, from) && isAt(link.to, to);
}

function isAt(place: string | undefined, at: Place): boolean {
  return place === undefined || place === at.address || place === at.host;
}

function fail(text: string): never {
  throw new TransportError('argument', text);
}
