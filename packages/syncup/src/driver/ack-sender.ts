import type { Link } from './link.ts';

/**
 * Sends acknowledgements, the latest only: while the connection is full, later ones replace
 * the one that waits, so that a peer that does not read costs no memory.
 */
export class AckSender {
  readonly #link: Link;
  readonly #encode: (vlsn: bigint) => Uint8Array;
  #latest = -1n;
  #blocked = false;

  constructor(link: Link, encode: (vlsn: bigint) => Uint8Array) {
    this.#link = link;
    this.#encode = encode;
  }

  send(vlsn: bigint): void {
    this.#latest = vlsn;
    if (!this.#blocked) this.#flush();
  }

  #flush(): void {
    const vlsn = this.#latest;
    if (this.#link.send(this.#encode(vlsn))) return;
    this.#blocked = true;
    const resume = (): void => {
      this.#blocked = false;
      if (this.#latest !== vlsn) this.#flush();
    };
    // Lost: whoever reads from the connection learns why.
    this.#link.ready().then(resume, () => undefined);
  }
}
