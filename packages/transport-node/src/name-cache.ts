/** Finds the IP addresses of a host name. */
export type Lookup = (name: string) => Promise<string>;

/** How long a result is used before it is looked up again, in ms. */
const FRESH = 30_000;
/** How long a failed look-up is not repeated, in ms. */
const RETRY = 2_000;
const MAX_NAMES = 1024;
/** Names come from the network as well: they must not fill the system's resolver threads. */
const MAX_LOOKUPS = 16;

interface Entry {
  ip: string | undefined;
  /** When to look the name up again, in ms of the monotonic clock. */
  until: number;
  pending: Promise<string | undefined> | undefined;
}

/**
 * Remembers the addresses of names. A known name is answered at once, if need be with an address
 * that is being looked up again; a failed repetition keeps the address that was known.
 */
export class NameCache {
  readonly #lookup: Lookup;
  readonly #entries = new Map<string, Entry>();
  #lookups = 0;

  constructor(lookup: Lookup) {
    this.#lookup = lookup;
  }

  /** The address, or a promise of it (`undefined`: none), or `undefined` when there is none. */
  resolve(name: string): string | Promise<string | undefined> | undefined {
    let entry = this.#entries.get(name);
    if (!entry) {
      if (this.#lookups >= MAX_LOOKUPS) return undefined;
      entry = { ip: undefined, until: 0, pending: undefined };
      if (this.#entries.size >= MAX_NAMES) this.#entries.delete(this.#entries.keys().next().value!);
      this.#entries.set(name, entry);
    }
    if (!entry.pending && performance.now() >= entry.until && this.#lookups < MAX_LOOKUPS) {
      entry.pending = this.#refresh(name, entry);
    }
    return entry.ip ?? entry.pending;
  }

  async #refresh(name: string, entry: Entry): Promise<string | undefined> {
    this.#lookups++;
    try {
      entry.ip = await this.#lookup(name);
      entry.until = performance.now() + FRESH;
    } catch {
      entry.until = performance.now() + RETRY;
    }
    entry.pending = undefined;
    this.#lookups--;
    return entry.ip;
  }
}
