import { SyncupError } from '../errors.ts';

/** How many replicas that have gone away are remembered. */
const MAX_GONE = 1024;

interface Waiter {
  readonly vlsn: bigint;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Who has acknowledged what, and who waits for it. */
export class AckTracker {
  /** By name, in the order of their last connection. */
  readonly #acks = new Map<string, bigint>();
  /** By how many replicas are needed, then ascending by VLSN. */
  readonly #waiters = new Map<number, Waiter[]>();
  #closed: Error | undefined;

  /** A replica streams from behind `vlsn` on: whatever it acknowledged above is void. */
  begin(name: string, vlsn: bigint): void {
    this.#acks.delete(name);
    this.#acks.set(name, vlsn);
    if (this.#acks.size > MAX_GONE) this.#acks.delete(this.#acks.keys().next().value!);
    this.#release();
  }

  /** The name holds everything up to `vlsn`. */
  note(name: string, vlsn: bigint): void {
    const before = this.#acks.get(name);
    if (before !== undefined && before >= vlsn) return;
    this.#acks.set(name, vlsn);
    this.#release();
  }

  /** Forgets a name that will not come again. */
  forget(name: string): void {
    this.#acks.delete(name);
  }

  /** The highest VLSN that at least `count` replicas hold; 0 when there are fewer. */
  heldBy(count: number): bigint {
    const acks = [...this.#acks.values()].sort((a, b) => (a < b ? 1 : a > b ? -1 : 0));
    return acks[count - 1] ?? 0n;
  }

  /** Resolves when `count` replicas hold `vlsn`. */
  async wait(vlsn: bigint, count: number, signal?: AbortSignal): Promise<void> {
    if (!(Number.isSafeInteger(count) && count >= 1)) {
      throw new SyncupError('argument', `a number of replicas of 1 or more, not ${count}`);
    }
    signal?.throwIfAborted();
    if (this.#closed) throw this.#closed;
    if (this.heldBy(count) >= vlsn) return;
    let waiters = this.#waiters.get(count);
    if (waiters === undefined) {
      waiters = [];
      this.#waiters.set(count, waiters);
    }
    const queue = waiters;
    let onAbort: (() => void) | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const waiter: Waiter = { vlsn, resolve, reject };
        let at = queue.length;
        while (at > 0 && queue[at - 1]!.vlsn > vlsn) at--;
        queue.splice(at, 0, waiter);
        onAbort = () => {
          const index = queue.indexOf(waiter);
          if (index >= 0) queue.splice(index, 1);
          reject(signal!.reason);
        };
        signal?.addEventListener('abort', onAbort);
      });
    } finally {
      if (onAbort) signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Rejects all who wait, now and later. */
  close(reason: Error): void {
    this.#closed = reason;
    for (const waiters of this.#waiters.values()) {
      for (const { reject } of waiters.splice(0)) reject(reason);
    }
  }

  #release(): void {
    for (const [count, waiters] of this.#waiters) {
      if (waiters.length === 0) continue;
      const held = this.heldBy(count);
      let ready = 0;
      while (ready < waiters.length && waiters[ready]!.vlsn <= held) ready++;
      for (const { resolve } of waiters.splice(0, ready)) resolve();
    }
  }
}
