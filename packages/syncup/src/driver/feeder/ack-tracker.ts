import { VlsnWaiters } from '../vlsn-waiters.ts';

/** How many peers are remembered, whether they are connected or not. */
const MAX_PEERS = 1024;

/** More than the VLSN of any entry. */
const BEYOND_ANY_LOG = 1n << 64n;

/** Options of {@link AckTracker.wait}. */
export interface AckWaitOptions {
  /** How many peers must hold the entries. */
  readonly count: number;
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
}

/** Counts how many peers hold how much of a log, and lets callers wait for their number. */
export class AckTracker {
  /** The last VLSN that each peer holds, by name. The peer that began last comes last. */
  readonly #held = new Map<string, bigint>();
  /** By how many peers are needed. */
  readonly #waiters = new Map<number, VlsnWaiters>();
  #closed: { readonly reason: unknown } | undefined;

  /**
   * A peer's stream begins after `vlsn`: the peer holds everything up to there. Whatever it had
   * acknowledged above no longer counts, since it may have been rolled back.
   */
  begin(name: string, vlsn: bigint): void {
    this.#held.delete(name);
    this.#held.set(name, vlsn);
    if (this.#held.size > MAX_PEERS) this.#held.delete(this.#held.keys().next().value!);
    this.#release();
  }

  /** A peer has acknowledged everything up to `vlsn`. Has no effect if it already holds more. */
  advance(name: string, vlsn: bigint): void {
    const before = this.#held.get(name);
    if (before !== undefined && before >= vlsn) return;
    this.#held.set(name, vlsn);
    this.#release();
  }

  /** Forgets a peer that will not come back under this name. */
  forget(name: string): void {
    this.#held.delete(name);
  }

  /**
   * The highest VLSN that at least `count` peers hold; 0 if there are fewer peers. For a count of
   * 0 it is higher than any VLSN.
   */
  heldBy(count: number): bigint {
    if (count === 0) return BEYOND_ANY_LOG;
    const descending = [...this.#held.values()].sort((a, b) => (a < b ? 1 : a > b ? -1 : 0));
    return descending[count - 1] ?? 0n;
  }

  /**
   * Resolves once `count` peers hold everything up to `vlsn`. Rejects with the signal's reason or
   * with what {@link AckTracker.close} was given.
   */
  async wait(vlsn: bigint, options: AckWaitOptions): Promise<void> {
    const { count, signal } = options;
    signal?.throwIfAborted();
    if (this.#closed) throw this.#closed.reason;
    if (this.heldBy(count) >= vlsn) return;
    let waiters = this.#waiters.get(count);
    if (waiters === undefined) {
      waiters = new VlsnWaiters();
      this.#waiters.set(count, waiters);
    }
    await waiters.wait(vlsn, signal);
  }

  /** Rejects every wait, present and future. Only the first reason counts. */
  close(reason: unknown): void {
    this.#closed ??= { reason };
    for (const waiters of this.#waiters.values()) waiters.rejectAll(this.#closed.reason);
  }

  #release(): void {
    for (const [count, waiters] of this.#waiters) {
      if (waiters.length > 0) waiters.reached(this.heldBy(count));
    }
  }
}
