import type { Link } from '../connection/syncup-connection.ts';

/** For how many turns of the event loop an acknowledgement may wait while more is applied. */
const MAX_TURNS = 8;

/**
 * Sends acknowledgements, the latest only: one stands for all that is applied until the end of
 * this turn of the event loop, or of some more while each applies something. While the
 * connection is full, later ones replace the one that waits, so that a peer that does not read
 * costs no memory.
 */
export class AckSender {
  readonly #link: Link;
  readonly #encode: (vlsn: bigint) => Uint8Array;
  #latest = -1n;
  #state: 'idle' | 'scheduled' | 'blocked' = 'idle';

  constructor(link: Link, encode: (vlsn: bigint) => Uint8Array) {
    this.#link = link;
    this.#encode = encode;
  }

  send(vlsn: bigint): void {
    this.#latest = vlsn;
    if (this.#state === 'idle') this.#schedule(MAX_TURNS);
  }

  /** Sends what waits at once: nothing more will come. */
  end(): void {
    if (this.#state === 'scheduled') this.#flush();
  }

  #schedule(turns: number): void {
    this.#state = 'scheduled';
    const vlsn = this.#latest;
    endOfTurn(() => {
      if (this.#state !== 'scheduled') return;
      if (this.#latest === vlsn || turns === 1) this.#flush();
      else this.#schedule(turns - 1);
    });
  }

  #flush(): void {
    const vlsn = this.#latest;
    this.#state = 'idle';
    if (this.#link.send(this.#encode(vlsn))) return;
    this.#state = 'blocked';
    const resume = (): void => {
      this.#state = 'idle';
      if (this.#latest !== vlsn) this.#flush();
    };
    // Lost: whoever reads from the connection learns why.
    this.#link.ready().then(resume, () => undefined);
  }
}

declare const setImmediate: ((run: () => void) => unknown) | undefined;

/** A browser has no `setImmediate`. */
function endOfTurn(run: () => void): void {
  if (typeof setImmediate === 'function') setImmediate(run);
  else setTimeout(run, 0);
}
