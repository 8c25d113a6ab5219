import type { NodeError } from './errors.ts';

interface Waiter {
  readonly vlsn: bigint;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Which of the other voters hold what, in one term, and who waits for it. */
export class VoterAcks {
  /** By name. */
  readonly #acked = new Map<string, bigint>();
  /** By how many are needed, then ascending by VLSN: appends wait in the order of the log. */
  readonly #waiters = new Map<number, Waiter[]>();
  #closed: Error | undefined;

  /** `voters`: the names of the others. */
  constructor(voters: readonly string[]) {
    for (const name of voters) this.#acked.set(name, 0n);
  }

  /** The voter holds everything up to `vlsn`; false when the name is no voter's. */
  note(name: string, vlsn: bigint): boolean {
    if (!this.#acked.has(name)) return false;
    this.#acked.set(name, vlsn);
    for (const [count, waiters] of this.#waiters) {
      const held = this.heldBy(count);
      let ready = 0;
      while (ready < waiters.length && waiters[ready]!.vlsn <= held) ready++;
      for (const { resolve } of waiters.splice(0, ready)) resolve();
    }
    return true;
  }

  /** The highest VLSN that at least `count` other voters hold: more than any log's for 0. */
  heldBy(count: number): bigint {
    if (count === 0) return 1n << 64n;
    const acked = [...this.#acked.values()].sort((a, b) => (a < b ? 1 : a > b ? -1 : 0));
    return acked[count - 1] ?? 0n;
  }

  /** Resolves when `count` others hold `vlsn`. Rejects with the signal's reason, or `close`'s. */
  async wait(vlsn: bigint, count: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#closed) throw this.#closed;
    if (this.heldBy(count) >= vlsn) return;
    const waiters = this.#waiters.get(count) ?? [];
    this.#waiters.set(count, waiters);
    let onAbort: (() => void) | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const waiter: Waiter = { vlsn, resolve, reject };
        let at = waiters.length;
        while (at > 0 && waiters[at - 1]!.vlsn > vlsn) at--;
        waiters.splice(at, 0, waiter);
        onAbort = () => {
          const index = waiters.indexOf(waiter);
          if (index >= 0) waiters.splice(index, 1);
          reject(signal!.reason);
        };
        signal?.addEventListener('abort', onAbort);
      });
    } finally {
      if (onAbort) signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Rejects all who wait, now and later. */
  close(reason: NodeError): void {
    this.#closed ??= reason;
    for (const waiters of this.#waiters.values()) {
      for (const { reject } of waiters.splice(0)) reject(reason);
    }
  }
}
