import { BoundedMap } from '@shoal/transport/internal';

/** Resolves a host name to an IP address. */
type Lookup = (name: string) => Promise<string>;

/** How long a result is used before it is looked up again, in ms. */
const FRESH = 30_000;
/** How long to wait before repeating a failed lookup, in ms. */
const RETRY = 2_000;
const MAX_NAMES = 1024;
/** Names come from peers too: lookups must not occupy all of the system's resolver threads. */
const MAX_LOOKUPS = 16;

interface Entry {
  ip: string | undefined;
  /** When to look the name up again, in ms of `performance.now`. */
  until: number;
  pending: Promise<string | undefined> | undefined;
}

/**
 * Caches the addresses of names. A known name is answered at once, also while it is being looked up
 * again. If that lookup fails, the known address stays.
 */
export class NameCache {
  readonly #lookup: Lookup;
  readonly #entries = new BoundedMap<string, Entry>(MAX_NAMES);
  #lookups = 0;

  constructor(lookup: Lookup) {
    this.#lookup = lookup;
  }

  /** The address, or a promise of it; undefined, also from the promise, if there is none. */
  resolve(name: string): string | Promise<string | undefined> | undefined {
    let entry = this.#entries.get(name);
    if (!entry) {
      if (this.#lookups >= MAX_LOOKUPS) return undefined;
      entry = { ip: undefined, until: 0, pending: undefined };
      this.#entries.set(name, entry);
    }
    if (!entry.pending && performance.now() >= entry.until && this.#lookups < MAX_LOOKUPS) {
      entry.pending = this.#refresh(name, entry);
    }
    return entry.ip ?? entry.pending;
  }

  /** Whether the last lookup of a name has failed, and none has succeeded before. */
  isUnknown(name: string): boolean {
    const entry = this.#entries.get(name);
    return entry !== undefined && entry.ip === undefined && entry.until > 0;
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
