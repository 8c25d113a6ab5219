import type { ProbeOutcome } from '../events.ts';

/** After this many probes in a row that only a stream answered, datagrams count as blocked. */
const STREAK = 3;

/** Detects members that answer over streams but not by datagrams. */
export class DatagramHealth {
  /** By address: how many probes in a row only a stream has answered. */
  readonly #streaks = new Map<string, number>();

  /** Takes the outcome of a probe of `address`, and returns what changed because of it. */
  onProbe(
    address: string,
    outcome: ProbeOutcome,
  ): 'datagramsBlocked' | 'datagramsRestored' | undefined {
    // Nothing got through, so it says nothing about datagrams.
    if (outcome === 'failed') return undefined;
    const streak = this.#streaks.get(address) ?? 0;
    if (outcome === 'answered-by-stream') {
      this.#streaks.set(address, streak + 1);
      return streak + 1 === STREAK ? 'datagramsBlocked' : undefined;
    }
    this.#streaks.delete(address);
    return streak >= STREAK ? 'datagramsRestored' : undefined;
  }

  /** Forgets a member that is down. */
  forget(address: string): void {
    this.#streaks.delete(address);
  }
}
