/** Counts over all nodes since the start of the simulation. */
export interface SimulatorStats {
  /** Packets that machines sent, and their bytes. */
  packets: number;
  bytes: number;
  /** Packets that machines received. */
  deliveries: number;
  ticks: number;
  /** Completed exchanges of states. */
  exchanges: number;
  /** Exchanges that were refused or interrupted. */
  brokenExchanges: number;
}

export function newStats(): SimulatorStats {
  return { packets: 0, bytes: 0, deliveries: 0, ticks: 0, exchanges: 0, brokenExchanges: 0 };
}
