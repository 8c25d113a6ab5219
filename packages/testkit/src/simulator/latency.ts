import type { Random } from '../random.ts';

/** The travel time of packets, in ms. */
export type Latency =
  | { readonly type: 'fixed'; readonly ms: number }
  /** Evenly distributed from `least` to `most`. */
  | { readonly type: 'uniform'; readonly least: number; readonly most: number }
  /** `least`, plus an exponentially distributed time with this mean. */
  | { readonly type: 'exponential'; readonly least: number; readonly mean: number }
  /** Mostly near the median, sometimes far above it: `median * exp(sigma * normal)`. */
  | { readonly type: 'lognormal'; readonly median: number; readonly sigma: number };

/** Draws one latency, in ms, 0 or more. */
export function drawLatency(latency: Latency, random: Random): number {
  switch (latency.type) {
    case 'fixed':
      return latency.ms;
    case 'uniform':
      return latency.least + random() * (latency.most - latency.least);
    case 'exponential':
      return latency.least - latency.mean * Math.log(1 - random());
    case 'lognormal': {
      // Box and Muller, 1958, of whose two normal numbers one is enough.
      const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
      return latency.median * Math.exp(latency.sigma * normal);
    }
  }
}
