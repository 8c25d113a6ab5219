import { type Feeder, startFeeder } from '@shoal/syncup/driver';
import type { ReplicationParts } from './replication-parts.ts';

/** Feeds the log of this node in a term. Connections are handed to it by `serve`. */
export function feedLog(
  { log, label, options }: Pick<ReplicationParts, 'log' | 'label' | 'options'>,
  term: bigint,
): Feeder {
  const { heartbeatInterval, idleTimeout, stepTimeout, batchBytes, restore, crc32 } = options;
  return startFeeder({
    log,
    label,
    term,
    dialects: ['shoal'],
    heartbeatInterval,
    idleTimeout,
    stepTimeout,
    batchBytes,
    restore,
    crc32,
  });
}
