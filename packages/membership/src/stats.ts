/** Counts since the machine was made. */
export interface Counters {
  packetsSent: number;
  bytesSent: number;
  packetsReceived: number;
  bytesReceived: number;
  /** Packets and broadcasts that were refused with a `rejected` event. */
  rejected: number;
  /** Packets that were not addressed to the current identity. */
  misaddressed: number;
  /** Packets of members that are down, or of identities that were replaced. */
  fromInactive: number;
  /** Messages that did not fit into a packet. */
  unsendable: number;
  /** Updates that were not queued because no packet can carry them. */
  oversized: number;
  /**
   * Updates about unknown members that were ignored: there were `maxMembers` already, too many came
   * at once, or `admit` refused them.
   */
  membersRefused: number;
  /** Updates that were ignored because their identity cannot exist. */
  impossibleUpdates: number;
  /** Answers to addresses not proved yet that were shortened or left out. */
  answersLimited: number;
  probes: number;
  probesFailed: number;
  /** Suspicions that began here: from failed probes, or reported by others. */
  suspicions: number;
  /** Suspicions of this member that it refuted. */
  refutations: number;
  /** How often this member came back under a renewed identity. */
  rejoins: number;
  /** Gaps in which the process did not run, or its clock jumped. */
  gaps: number;
}

/** The counters, and the current state. */
export interface SwimStats extends Readonly<Counters> {
  /** Other active members. */
  readonly active: number;
  /** Down members that are remembered. */
  readonly down: number;
  /** Updates that wait to be sent; at most one for each address. */
  readonly queuedUpdates: number;
  readonly queuedBroadcasts: number;
  readonly queuedBroadcastBytes: number;
  /** Broadcasts that made room for others before they had been sent often enough. */
  readonly evictedBroadcasts: number;
  /** Lifeguard's score, from 0 (healthy) to 7. */
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
    impossibleUpdates: 0,
    answersLimited: 0,
    probes: 0,
    probesFailed: 0,
    suspicions: 0,
    refutations: 0,
    rejoins: 0,
    gaps: 0,
  };
}
