/** So many probes in a row that only a stream answered make datagrams look blocked. */
const STREAK = 3;

/** Watches for members that answer streams, but no datagrams. */
export class DatagramHealth {
  /** By address: how many probes in a row only a stream has answered. */
  readonly #streaks = new Map<string, number>();

  /** A probe of `address` has ended so. Returns what has changed by that. */
  onProbe(
    address: string,
    outcome: 'direct' | 'indirect' | 'confirmed' | 'failed',
  ): 'datagramsBlocked' | 'datagramsRestored' | undefined {
    // Nothing got through: that tells nothing of datagrams.
    if (outcome === 'failed') return undefined;
    if (outcome === 'confirmed') {
      const streak = (this.#streaks.get(address) ?? 0) + 1;
      this.#streaks.set(address, streak);
      return streak === STREAK ? 'datagramsBlocked' : undefined;
    }
    const streak = this.#streaks.get(address) ?? 0;
    this.#streaks.delete(address);
    return streak >= STREAK ? 'datagramsRestored' : undefined;
  }

  /** The member is gone. */
  forget(address: string): void {
    this.#streaks.delete(address);
  }
}
