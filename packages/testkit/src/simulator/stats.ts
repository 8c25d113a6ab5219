/** Counts since the beginning, over all nodes. */
export interface SimulatorStats {
  /** Packets that machines wanted sent, and their bytes. */
  packets: number;
  bytes: number;
  /** Packets that were handed to machines. */
  deliveries: number;
  ticks: number;
  /** Exchanges of states over streams that came to their end. */
  exchanges: number;
  /** Those that were refused, or broken off. */
  brokenExchanges: number;
}

export function newStats(): SimulatorStats {
  return { packets: 0, bytes: 0, deliveries: 0, ticks: 0, exchanges: 0, brokenExchanges: 0 };
}
