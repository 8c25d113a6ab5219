import type { NodeIdentity, SwimConfig } from '@shoal/membership';
import type { SwimCodec } from '@shoal/wire';
import type { ExchangePolicy } from './exchange.ts';
import type { Weather } from './fault.ts';
import type { JoinPolicy } from './join.ts';

/** What a {@link Simulator} is made of. */
export interface SimulatorOptions {
  /** All chances come from it: equal seeds and faults give equal runs, on any machine. */
  readonly seed: number | string;
  /** How many nodes there are, running or not. */
  readonly nodes: number;
  /** Default: the LAN preset. */
  readonly config?: SwimConfig;
  /** Default: Shoal's own protocol. */
  readonly codec?: SwimCodec<NodeIdentity>;
  /** Default: {@link FAIR_WEATHER}. */
  readonly weather?: Weather;
  readonly join?: JoinPolicy;
  /** Whether nodes exchange states over streams, too. Default: no, packets are all there is. */
  readonly exchange?: ExchangePolicy;
  /** How many packets a socket buffer holds for a paused or blocked node. Default 512. */
  readonly socketBuffer?: number;
}
