import { pause, toError } from '@shoal/async';
import { NodeError } from '../../errors.ts';
import type { LeaderChoice, Leadership, LeadershipContext } from '../leadership.ts';
import { EtcdClient, type EtcdLookup, type EtcdOptions } from './etcd-client.ts';

/** Options of {@link etcdLeader}. */
export interface EtcdLeaderOptions extends EtcdOptions {
  /** The key that names the leader, one for each log, such as `/shoal/orders/leader`. */
  readonly key: string;
  /**
   * How long the lease of a leader that has failed keeps others from being chosen, in s, 2..3600.
   * Default 10.
   */
  readonly ttl?: number | undefined;
  /** Called when a request to etcd fails. Another attempt follows. Default: nothing. */
  readonly onError?: ((error: Error) => void) | undefined;
}

/** In s. */
const DEFAULT_TTL = 10;
/** The part of a lease that is used; the rest allows for clocks of different speeds. */
const USED_PART = 0.8;
/** How often a lease is renewed in that time. */
const RENEWALS = 4;

interface Lease {
  readonly id: string;
  /** In ms. */
  readonly ttl: number;
  /** When it counts as lost, on this process's monotonic clock. */
  until: number;
}

/**
 * The leader is the node that has created the key in etcd with a lease. The epoch is the revision
 * at which it was created, which etcd never repeats. A leader steps down when four fifths of its
 * lease have passed without a renewal, by its own monotonic clock: before another node can be
 * chosen. If its process was stopped meanwhile, its term fences what it appends afterwards.
 *
 * Works with etcd 3.4 and later, over its JSON gateway. While etcd cannot be reached, no leader can
 * be chosen. A node that leaves revokes its lease, so that another one is chosen at once. Throws
 * `argument` for an option outside its range.
 */
export function etcdLeader(options: EtcdLeaderOptions): Leadership {
  const { key, ttl = DEFAULT_TTL } = options;
  if (key === '') throw new NodeError('argument', 'key must not be empty');
  if (!(Number.isInteger(ttl) && ttl >= 2 && ttl <= 3600)) {
    throw new NodeError('argument', `ttl must be a whole number of 2..3600 s, not ${ttl}`);
  }
  const client = new EtcdClient(options);
  return { choices: (context) => new Election(options, client, context).run() };
}

/** One node's part in the election. */
class Election {
  readonly #client: EtcdClient;
  readonly #options: EtcdLeaderOptions;
  readonly #ttl: number;
  readonly #context: LeadershipContext;
  #lease: Lease | undefined;

  constructor(options: EtcdLeaderOptions, client: EtcdClient, context: LeadershipContext) {
    this.#client = client;
    this.#options = options;
    this.#ttl = options.ttl ?? DEFAULT_TTL;
    this.#context = context;
  }

  /** How long to wait for one reply, and between two attempts, in ms. */
  get #period(): number {
    return (this.#ttl * 1000 * USED_PART) / RENEWALS;
  }

  async *run(): AsyncGenerator<LeaderChoice | undefined, void, undefined> {
    const { signal } = this.#context;
    try {
      while (!signal.aborted) {
        const found = await this.#attempt(() => this.#standForElection());
        if (found === undefined) {
          // Unreachable: the leader may have changed, so none is known.
          yield undefined;
          await pause(this.#period, signal);
        } else if (this.#isOwn(found)) {
          yield { leader: this.#context.name, epoch: found.key!.createRevision };
          await this.#hold();
          yield undefined;
        } else {
          yield this.#choiceOf(found);
          await this.#attempt(() => this.#waitForChange(found));
        }
      }
    } finally {
      await this.#release();
    }
  }

  /** A key of this node's name with another lease is left from before a restart: it must expire. */
  #choiceOf({ key }: EtcdLookup): LeaderChoice | undefined {
    if (key === undefined || key.value === this.#context.name) return undefined;
    return { leader: key.value, epoch: key.createRevision };
  }

  #isOwn({ key }: EtcdLookup): boolean {
    return key !== undefined && this.#lease !== undefined && key.lease === this.#lease.id;
  }

  /** Undefined if it fails, which is reported, or if the node is leaving. */
  async #attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!this.#context.signal.aborted) this.#options.onError?.(toError(error));
      return undefined;
    }
  }

  /** Looks up the leader, and makes this node the leader if there is none. */
  async #standForElection(): Promise<EtcdLookup> {
    const { name, canLead, signal } = this.#context;
    const { key } = this.#options;
    const limits = { signal, timeout: this.#period };
    const found = await this.#client.lookUp(key, limits);
    if (!canLead || (found.key !== undefined && !this.#isOwn(found))) return found;
    await this.#renew();
    return this.#client.take(key, name, this.#lease!.id, limits);
  }

  /** Renews the lease, or gets a new one. */
  async #renew(): Promise<void> {
    const { signal } = this.#context;
    const limits = { signal, timeout: this.#period };
    // Taken before the request: the lease begins no earlier.
    const since = performance.now();
    const lease = this.#lease;
    if (lease !== undefined) {
      const seconds = await this.#client.keepAlive(lease.id, limits);
      if (seconds > 0) {
        lease.until = since + lease.ttl * USED_PART;
        return;
      }
      this.#lease = undefined;
    }
    const { id, ttl } = await this.#client.grant(this.#ttl, limits);
    this.#lease = { id, ttl: ttl * 1000, until: since + ttl * 1000 * USED_PART };
  }

  /** Resolves once this node no longer leads: its lease was not renewed in time, or its key is gone. */
  async #hold(): Promise<void> {
    const { signal } = this.#context;
    const lease = this.#lease!;
    while (!signal.aborted) {
      await pause(Math.min(this.#period, lease.until - performance.now()), signal);
      const left = lease.until - performance.now();
      if (signal.aborted || left <= 0) return;
      const limits = { signal, timeout: Math.min(this.#period, left) };
      const since = performance.now();
      const holds = await this.#attempt(async () => {
        const seconds = await this.#client.keepAlive(lease.id, limits);
        if (seconds === 0) return false;
        const found = await this.#client.lookUp(this.#options.key, limits);
        if (!this.#isOwn(found)) return false;
        lease.until = since + seconds * 1000 * USED_PART;
        return true;
      });
      if (holds === false) {
        this.#lease = undefined;
        return;
      }
    }
  }

  /** Resolves when the leader may have changed, or after a while. */
  async #waitForChange({ revision }: EtcdLookup): Promise<void> {
    const { signal } = this.#context;
    const timeout = this.#ttl * 1000;
    const since = performance.now();
    try {
      await this.#client.changed(this.#options.key, revision, { signal, timeout });
    } catch (error) {
      // It is not a failure that nothing has changed for so long.
      if (performance.now() - since >= timeout) return;
      await pause(this.#period, signal);
      throw error;
    }
  }

  /** Lets another node be chosen at once. Never rejects. */
  async #release(): Promise<void> {
    const lease = this.#lease;
    if (lease === undefined) return;
    const limits = {
      signal: new AbortController().signal,
      timeout: Math.min(1000, this.#period),
    };
    await this.#client.revoke(lease.id, limits).catch(() => undefined);
  }
}
