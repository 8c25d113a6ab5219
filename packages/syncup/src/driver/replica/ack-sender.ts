import type { SyncupConnection } from '../connection/syncup-connection.ts';

/** For how many turns of the event loop an acknowledgement may wait while more is applied. */
const MAX_TURNS = 8;

/**
 * Sends acknowledgements, merging those that come close together: one covers all that is applied
 * until the end of this turn of the event loop, or of a few more turns if each applies something.
 * While the connection is full, only the latest is kept, so a feeder that does not read costs no
 * memory.
 */
export class AckSender {
  readonly #connection: SyncupConnection;
  readonly #encode: (vlsn: bigint) => Uint8Array;
  #latest = -1n;
  #state: 'idle' | 'scheduled' | 'blocked' = 'idle';

  constructor(connection: SyncupConnection, encode: (vlsn: bigint) => Uint8Array) {
    this.#connection = connection;
    this.#encode = encode;
  }

  /** Acknowledges everything up to `vlsn`, soon. */
  send(vlsn: bigint): void {
    this.#latest = vlsn;
    if (this.#state === 'idle') this.#schedule(MAX_TURNS);
  }

  /** Sends what is scheduled at once, because nothing more will come. */
  end(): void {
    if (this.#state === 'scheduled') this.#flush();
  }

  #schedule(turns: number): void {
    this.#state = 'scheduled';
    const vlsn = this.#latest;
    atEndOfTurn(() => {
      if (this.#state !== 'scheduled') return;
      if (this.#latest === vlsn || turns === 1) this.#flush();
      else this.#schedule(turns - 1);
    });
  }

  #flush(): void {
    const vlsn = this.#latest;
    this.#state = 'idle';
    if (this.#connection.send(this.#encode(vlsn))) return;
    this.#state = 'blocked';
    const resume = (): void => {
      this.#state = 'idle';
      if (this.#latest !== vlsn) this.#flush();
    };
    // If the connection is lost, whoever reads from it gets the error.
    this.#connection.ready().then(resume, () => undefined);
  }
}

declare const setImmediate: ((run: () => void) => unknown) | undefined;

/** Browsers have no `setImmediate`, and run the timers of a hidden page once a minute. */
function atEndOfTurn(run: () => void): void {
  if (typeof setImmediate === 'function') setImmediate(run);
  else queueMicrotask(run);
}
