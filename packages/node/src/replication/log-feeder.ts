import { type Feeder, type ReplicaIntroduction, startFeeder } from '@shoal/syncup/driver';
import type { ReplicationParts } from './replication-parts.ts';

/** What {@link feedLog} is given besides the parts. */
export interface FeedOptions {
  readonly term: bigint;
  /** The label of the streams. Default: that of the cluster. */
  readonly label?: string | undefined;
  /** Throws unless this replica may be served, and may be believed. */
  readonly admit: (replica: ReplicaIntroduction) => void;
}

/** Feeds the log of this node in a term. Connections are handed to it by `serve`. */
export function feedLog(
  { log, label: ownLabel, options }: Pick<ReplicationParts, 'log' | 'label' | 'options'>,
  { term, label = ownLabel, admit }: FeedOptions,
): Feeder {
  const { heartbeatInterval, idleTimeout, stepTimeout, batchBytes, restore, crc32 } = options;
  return startFeeder({
    log,
    label,
    term,
    admit,
    dialects: ['shoal'],
    heartbeatInterval,
    idleTimeout,
    stepTimeout,
    batchBytes,
    restore,
    crc32,
  });
}
