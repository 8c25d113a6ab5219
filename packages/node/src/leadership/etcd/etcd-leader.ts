import { NodeError, toError } from '../../errors.ts';
import { sleep } from '../../lock.ts';
import type { LeaderChoice, Leadership, LeadershipContext } from '../leadership.ts';
import { EtcdClient, type EtcdLook, type EtcdOptions } from './etcd-client.ts';

/** What {@link etcdLeader} is given. */
export interface EtcdLeaderOptions extends EtcdOptions {
  /** The key that names the leader, one for each log: `/shoal/orders/leader`. */
  readonly key: string;
  /** How long a leader that is gone stays the leader, in s, 2..3600. Default 10. */
  readonly ttl?: number;
  /** Told of every failure to speak with etcd; another attempt follows. */
  readonly onError?: (error: Error) => void;
}

/** Which part of its time a lease is relied on; the rest is for clocks that differ in speed. */
const RELIED_ON = 0.8;
/** How often a lease is renewed within that time. */
const RENEWALS = 4;

interface Lease {
  readonly id: string;
  /** In ms. */
  readonly ttl: number;
  /** Until when it is relied on, on this process's monotonic clock. */
  until: number;
}

/**
 * The leader is whoever has made the key in etcd with a lease; the epoch is the revision at which
 * it did, which etcd never gives out twice. A leader steps down when four fifths of its lease
 * have passed without a renewal, by its own monotonic clock: before anybody else can be chosen,
 * unless it stood still meanwhile, and what it appends then is fenced by its term.
 *
 * It speaks with etcd 3.4 and later by its JSON gateway. While etcd is out of reach nobody can be
 * chosen. A node that leaves revokes its lease, so that another is chosen at once. Throws
 * `argument` for an option out of range.
 */
export function etcdLeader(options: EtcdLeaderOptions): Leadership {
  const { key, ttl = 10 } = options;
  if (key === '') throw new NodeError('argument', 'a key is not empty');
  if (!(Number.isInteger(ttl) && ttl >= 2 && ttl <= 3600)) {
    throw new NodeError('argument', `a ttl is 2..3600 s, not ${ttl}`);
  }
  const client = new EtcdClient(options);
  return { choices: (context) => new Election(client, options, ttl, context).run() };
}

/** One node's part in it. */
class Election {
  readonly #client: EtcdClient;
  readonly #options: EtcdLeaderOptions;
  readonly #ttl: number;
  readonly #context: LeadershipContext;
  #lease: Lease | undefined;

  constructor(
    client: EtcdClient,
    options: EtcdLeaderOptions,
    ttl: number,
    context: LeadershipContext,
  ) {
    this.#client = client;
    this.#options = options;
    this.#ttl = ttl;
    this.#context = context;
  }

  /** How long to wait for one reply, and between two attempts, in ms. */
  get #period(): number {
    return (this.#ttl * 1000 * RELIED_ON) / RENEWALS;
  }

  async *run(): AsyncGenerator<LeaderChoice | undefined, void, undefined> {
    const { signal } = this.#context;
    try {
      while (!signal.aborted) {
        const look = await this.#attempt(() => this.#stand());
        if (look === undefined) {
          // Out of reach: whoever led may do so no longer, but only it can know.
          yield undefined;
          await sleep(this.#period, signal);
        } else if (this.#isOurs(look)) {
          yield { leader: this.#context.name, epoch: look.key!.createRevision };
          await this.#hold();
          yield undefined;
        } else {
          yield this.#choiceOf(look);
          await this.#attempt(() => this.#waitForChange(look));
        }
      }
    } finally {
      await this.#letGo();
    }
  }

  /** A node of our name with another lease is an earlier life of ours: it must expire. */
  #choiceOf({ key }: EtcdLook): LeaderChoice | undefined {
    if (key === undefined || key.value === this.#context.name) return undefined;
    return { leader: key.value, epoch: key.createRevision };
  }

  #isOurs({ key }: EtcdLook): boolean {
    return key !== undefined && this.#lease !== undefined && key.lease === this.#lease.id;
  }

  /** Undefined when it fails, which is told, or when the node is leaving. */
  async #attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!this.#context.signal.aborted) this.#options.onError?.(toError(error));
      return undefined;
    }
  }

  /** Looks who leads; makes this node the leader if nobody does. */
  async #stand(): Promise<EtcdLook> {
    const { name, canLead, signal } = this.#context;
    const { key } = this.#options;
    const patience = { signal, timeout: this.#period };
    const look = await this.#client.look(key, patience);
    if (!canLead || (look.key !== undefined && !this.#isOurs(look))) return look;
    await this.#renew();
    return this.#client.take(key, name, this.#lease!.id, patience);
  }

  /** Renews the lease, or gets a new one. */
  async #renew(): Promise<void> {
    const { signal } = this.#context;
    const patience = { signal, timeout: this.#period };
    // From before the request on: the lease runs from no earlier than that.
    const since = performance.now();
    const lease = this.#lease;
    if (lease !== undefined) {
      const seconds = await this.#client.keepAlive(lease.id, patience);
      if (seconds > 0) {
        lease.until = since + lease.ttl * RELIED_ON;
        return;
      }
      this.#lease = undefined;
    }
    const { id, ttl } = await this.#client.grant(this.#ttl, patience);
    this.#lease = { id, ttl: ttl * 1000, until: since + ttl * 1000 * RELIED_ON };
  }

  /** Resolves when this node leads no longer: the lease was not renewed in time, or the key is gone. */
  async #hold(): Promise<void> {
    const { signal } = this.#context;
    const lease = this.#lease!;
    while (!signal.aborted) {
      await sleep(Math.min(this.#period, lease.until - performance.now()), signal);
      const left = lease.until - performance.now();
      if (signal.aborted || left <= 0) return;
      const patience = { signal, timeout: Math.min(this.#period, left) };
      const since = performance.now();
      const holds = await this.#attempt(async () => {
        const seconds = await this.#client.keepAlive(lease.id, patience);
        if (seconds === 0) return false;
        const look = await this.#client.look(this.#options.key, patience);
        if (!this.#isOurs(look)) return false;
        lease.until = since + seconds * 1000 * RELIED_ON;
        return true;
      });
      if (holds === false) {
        this.#lease = undefined;
        return;
      }
    }
  }

  /** Resolves when somebody else is to be looked for, or after a while. */
  async #waitForChange({ revision }: EtcdLook): Promise<void> {
    const { signal } = this.#context;
    const timeout = this.#ttl * 1000;
    const since = performance.now();
    try {
      await this.#client.changed(this.#options.key, revision, { signal, timeout });
    } catch (error) {
      // That nothing changes for that long is no failure.
      if (performance.now() - since >= timeout) return;
      await sleep(this.#period, signal);
      throw error;
    }
  }

  /** Lets others be chosen at once. Never rejects. */
  async #letGo(): Promise<void> {
    const lease = this.#lease;
    if (lease === undefined) return;
    const patience = {
      signal: new AbortController().signal,
      timeout: Math.min(1000, this.#period),
    };
    await this.#client.revoke(lease.id, patience).catch(() => undefined);
  }
}
