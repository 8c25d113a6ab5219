import { formatAddress, parseAddress, TransportError } from '@shoal/transport';
import type { Random } from '../random.ts';

/** Faults of a link. All are off by default. */
export interface LinkFaults {
  /** The share of datagrams that are lost, 0..1. */
  readonly loss?: number | undefined;
  /**
   * How long datagrams, frames and each half of a dial take, in ms; or a range from which each
   * delay is drawn.
   */
  readonly delay?: number | readonly [min: number, max: number] | undefined;
  /** The share of datagrams that arrive twice, 0..1. */
  readonly duplication?: number | undefined;
  /** The share of datagrams that are held back so that later ones overtake them, 0..1. */
  readonly reordering?: number | undefined;
  /** The longest time that such a datagram is held back, in ms. Default 20. */
  readonly reorderingDelay?: number | undefined;
}

/**
 * Selects links by their ends: a host (`10.0.0.1`, `::1`) or an address (`10.0.0.1:7946`); an end
 * that is left out matches any. A link has one direction.
 */
export interface LinkSelector {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** An address and its host, the two names by which a {@link LinkSelector} may select it. */
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

/** Completes the faults. Throws `argument` for one that is out of range. */
export function checkFaults(faults: LinkFaults): CheckedFaults {
  const delay = faults.delay ?? 0;
  const [minDelay, maxDelay] = typeof delay === 'number' ? [delay, delay] : delay;
  const { loss = 0, duplication = 0, reordering = 0, reorderingDelay = 20 } = faults;
  for (const [name, share] of Object.entries({ loss, duplication, reordering })) {
    if (!(share >= 0 && share <= 1)) fail(`${name} must be a share from 0 to 1, not ${share}`);
  }
  for (const ms of [minDelay, maxDelay, reorderingDelay]) {
    if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY))
      fail(`a delay must be a finite number of ms from 0, not ${ms}`);
  }
  if (minDelay > maxDelay) fail(`the range of delays [${minDelay}, ${maxDelay}] is empty`);
  return { loss, minDelay, maxDelay, duplication, reordering, reorderingDelay };
}

/** One delay, in ms. Draws a random number only if the delay varies. */
export function drawDelay(faults: CheckedFaults, random: Random): number {
  const { minDelay, maxDelay } = faults;
  return minDelay === maxDelay ? minDelay : minDelay + random() * (maxDelay - minDelay);
}

/** The place of an address; the place of a client is that of its gateway. */
export function placeOf(address: string): Place {
  const { host, port } = parseAddress(address);
  return { address: formatAddress({ host, port }), host };
}

/** The canonical text of a host or address in a {@link LinkSelector}. */
export function canonicalPlace(text: string): string {
  try {
    const { host, port } = parseAddress(text);
    return formatAddress({ host, port });
  } catch {
    return parseAddress(`${text.includes(':') && !text.startsWith('[') ? `[${text}]` : text}:0`)
      .host;
  }
}

export function canonicalLink({ from, to }: LinkSelector): LinkSelector {
  return {
    from: from === undefined ? undefined : canonicalPlace(from),
    to: to === undefined ? undefined : canonicalPlace(to),
  };
}

/** Whether the selector selects the link from one place to another. */
export function covers(link: LinkSelector, from: Place, to: Place): boolean {
  return isAt(link.from, from) && isAt(link.to, to);
}

function isAt(place: string | undefined, at: Place): boolean {
  return place === undefined || place === at.address || place === at.host;
}

function fail(text: string): never {
  throw new TransportError('argument', text);
}
