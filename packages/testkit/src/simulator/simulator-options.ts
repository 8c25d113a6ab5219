import type { NodeIdentity, SwimConfig } from '@shoal/membership';
import type { SwimCodec } from '@shoal/wire';
import type { ExchangePolicy } from './exchange.ts';
import type { Weather } from './fault.ts';
import type { JoinPolicy } from './node-driver.ts';

/** Options of a {@link Simulator}. */
export interface SimulatorOptions {
  /** The seed of all random choices: equal seeds and faults give equal runs, on any machine. */
  readonly seed: number | string;
  /** How many nodes there are, running or not. */
  readonly nodes: number;
  /** Default: the LAN preset. */
  readonly config?: SwimConfig | undefined;
  /** Default: Shoal's own protocol. */
  readonly codec?: SwimCodec<NodeIdentity> | undefined;
  /** Default: {@link FAIR_WEATHER}. */
  readonly weather?: Weather | undefined;
  /** How nodes find the cluster. Default: at nodes 0, 1 and 2, until they are in one. */
  readonly join?: JoinPolicy | undefined;
  /** How nodes exchange states over streams. Default: they do not; there are only datagrams. */
  readonly exchange?: ExchangePolicy | undefined;
  /** How many packets a socket buffer holds for a paused or blocked node. Default 512. */
  readonly socketBuffer?: number | undefined;
}
