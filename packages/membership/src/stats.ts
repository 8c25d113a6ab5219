/** Counts since the machine was made. */
export interface Counters {
  packetsSent: number;
  bytesSent: number;
  packetsReceived: number;
  bytesReceived: number;
  /** Packets refused with an output of type `rejected`. */
  rejected: number;
  /** Packets that were not addressed to our present identity. */
  misaddressed: number;
  /** Packets of members that are down, or of identities that were replaced. */
  fromInactive: number;
  /** Messages that could not be sent because they do not fit into a packet. */
  unsendable: number;
  /** Updates and broadcasts that were not queued because no packet could carry them. */
  oversized: number;
  /** Unknown members that were not taken in because `maxMembers` was reached. */
  membersRefused: number;
  probes: number;
  probesFailed: number;
  /** Suspicions that we took up, of our own or of others. */
  suspicions: number;
  /** Suspicions of ourselves that we refuted. */
  refutations: number;
  /** Times that we came back under a renewed identity. */
  rejoins: number;
  /** Gaps in which the process did not run, or its clock jumped. */
  gaps: number;
}

/** {@link Counters}, and how things stand. */
export interface SwimStats extends Readonly<Counters> {
  readonly active: number;
  readonly down: number;
  /** Updates that wait to be sent; at most one for each address. */
  readonly queuedUpdates: number;
  readonly queuedBroadcasts: number;
  readonly queuedBroadcastBytes: number;
  /** Broadcasts that gave way to others before they were sent often enough. */
  readonly evictedBroadcasts: number;
  /** Lifeguard's score, 0 (healthy) to 7. */
  readonly localHealth: number;
  readonly timers: number;
}

export function newCounters(): Counters {
  return {
    packetsSent: 0,
    bytesSent: 0,
    packetsReceived: 0,
    bytesReceived: 0,
    rejected: 0,
    misaddressed: 0,
    fromInactive: 0,
    unsendable: 0,
    oversized: 0,
    membersRefused: 0,
    probes: 0,
    probesFailed: 0,
    suspicions: 0,
    refutations: 0,
    rejoins: 0,
    gaps: 0,
  };
}
