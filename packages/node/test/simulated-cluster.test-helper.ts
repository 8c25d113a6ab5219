import { local } from '@shoal/membership';
import { MemoryNetwork, type Random, seededRandom, type VirtualClock } from '@shoal/testkit';
import { type ManualLeader, manualLeader } from '../src/leadership/manual-leader.ts';
import type { ShoalNode } from '../src/shoal-node.ts';
import { startNode } from '../src/start-node.ts';
import { formatTerm } from '../src/votes/term.ts';
import { CrashableLog } from './crashable-log.test-helper.ts';
import { batch } from './nodes.test-helper.ts';

/** A node that can crash and restart. */
interface Slot {
  readonly name: string;
  readonly host: string;
  log: CrashableLog;
  /** A node that is not told keeps an old choice. */
  readonly leadership: ManualLeader;
  node: ShoalNode | undefined;
}

/** An acknowledged entry, which must be there in the end. */
interface Acknowledged {
  readonly vlsn: bigint;
  readonly text: string;
  readonly term: bigint;
  readonly by: string;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Nodes on a network in memory, in virtual time. The seed determines everything. */
export class SimulatedCluster {
  readonly random: Random;
  readonly network: MemoryNetwork;
  readonly slots: Slot[];
  readonly acknowledged: Acknowledged[] = [];
  /** What happened, line by line; equal for equal seeds. */
  readonly trace: string[] = [];
  /** How often the events that a campaign is about have happened. */
  readonly counts = {
    appends: 0,
    refused: 0,
    leaders: 0,
    rollbacks: 0,
    crashes: 0,
    steppedDown: 0,
    wiped: 0,
    voterChanges: 0,
    transfers: 0,
    diskErrors: 0,
    bigBatches: 0,
  };
  readonly #clock: VirtualClock;
  readonly #elections: 'self' | 'chosen';
  readonly #delay: () => number;
  #epoch = 0n;
  #texts = 0;
  /** A voter that has lost its log, and has yet to be made one again. */
  #wiped: Slot | undefined;
  #isChanging = false;

  /** `elections`: by whom leaders are chosen, the nodes themselves or {@link choose}. */
  constructor({
    clock,
    seed,
    size,
    elections,
  }: {
    clock: VirtualClock;
    seed: number;
    size: number;
    elections: 'self' | 'chosen';
  }) {
    this.#clock = clock;
    this.#elections = elections;
    this.random = seededRandom(`cluster ${seed}`);
    this.network = new MemoryNetwork({ seed, clock, faults: { delay: [1, 20], loss: 0.02 } });
    this.#delay = () => (this.random() < 0.8 ? 1 : 40) * this.random();
    this.slots = Array.from({ length: size }, (_, i) => ({
      name: String.fromCharCode(97 + i),
      host: `10.0.0.${i + 1}`,
      log: new CrashableLog(this.#delay),
      leadership: manualLeader(),
      node: undefined,
    }));
  }

  note(text: string): void {
    this.trace.push(`${Math.round(this.#clock.now())} ${text}`);
  }

  async start(slot: Slot): Promise<void> {
    const { name, host, log, leadership } = slot;
    const address = `${host}:7946`;
    const streams = this.network.createStreamTransport({
      host,
      dialTimeout: 1000,
      closeTimeout: 500,
    });
    await log.recover();
    const starting = startNode({
      name,
      datagrams: this.network.createDatagramTransport(address),
      streams,
      listeners: [await streams.listen(address)],
      seeds: this.slots.map((each) => `${each.host}:7946`),
      log,
      voters: this.slots.map((each) => each.name),
      leadership: this.#elections === 'chosen' ? leadership : undefined,
      // The application takes its time.
      onEntries: () => pause(20 * this.random()),
      config: { ...local(), probePeriod: 300, probeTimeout: 100 },
      joinRetry: { first: 50, most: 500 },
      random: this.random,
      replication: {
        heartbeatInterval: 200,
        idleTimeout: 1500,
        stepTimeout: 1500,
        reconnect: { minDelay: 20, maxDelay: 300 },
      },
    });
    // A new log writes down who it is, which takes time.
    await this.#clock.advance(100);
    const node = await starting;
    node.on('role', ({ role, term }) => {
      if (role === 'leader') this.counts.leaders++;
      this.note(`${name} is ${role} in ${formatTerm(term)}`);
    });
    node.on('rollback', ({ matchpoint, transactions }) => {
      if (transactions > 0) this.counts.rollbacks++;
      this.note(`${name} rolls back to ${matchpoint}`);
    });
    node.on('steppedDown', ({ term }) => {
      this.counts.steppedDown++;
      this.note(`${name} steps down from ${formatTerm(term)}`);
    });
    node.on('failed', ({ error }) => this.note(`${name} failed: ${error.message}`));
    slot.node = node;
    this.note(`${name} starts`);
  }

  /** The process crashes, and loses what is not on its disk. */
  async crash(slot: Slot): Promise<void> {
    const { node, host } = slot;
    if (node === undefined) return;
    slot.node = undefined;
    this.counts.crashes++;
    this.note(`${slot.name} crashes`);
    slot.log.crash();
    this.network.breakConnections({ from: host });
    this.network.breakConnections({ to: host });
    const closed = node.close();
    await this.#clock.advance(3000);
    await closed;
  }

  /** Chooses a leader, and tells those nodes that `hears` selects. */
  choose(leader: Slot, hears: (slot: Slot) => boolean): void {
    this.#epoch++;
    this.note(`${leader.name} is chosen in epoch ${this.#epoch}`);
    for (const slot of this.slots) {
      if (hears(slot)) slot.leadership.choose(leader.name, this.#epoch);
    }
  }

  /** A fault, or an order of the operator, of those that need no choice of a leader. */
  async disturb(): Promise<void> {
    const dice = this.random();
    if (dice < 0.25) await this.#wipe();
    else if (dice < 0.5) this.#changeVoters();
    else if (dice < 0.7) this.#transfer();
    else if (dice < 0.85) this.#breakDisk();
    else this.append({ size: 2000 });
  }

  /** Makes a voter that has lost its log one again. Does nothing if there is none. */
  async repair(): Promise<void> {
    const wiped = this.#wiped;
    if (wiped === undefined) return;
    const names = [wiped.name];
    const done = await this.#atLeader((node) =>
      node.voters.includes(wiped.name)
        ? node.changeVoters({ remove: names, add: names }, { timeout: 2000 })
        : node.changeVoters({ add: names }, { timeout: 2000 }),
    );
    if (!done) return;
    this.note(`${wiped.name} is a voter again`);
    this.#wiped = undefined;
  }

  /** Restarts those whose disks are broken. */
  async replaceDisks(): Promise<void> {
    for (const slot of this.slots) {
      if (!slot.log.isBroken) continue;
      await this.crash(slot);
      await this.start(slot);
    }
  }

  #any(): Slot {
    return this.slots[Math.floor(this.random() * this.slots.length)]!;
  }

  /** A follower loses its log, and comes back under its name. One at a time. */
  async #wipe(): Promise<void> {
    const slot = this.slots.find(({ node }) => node?.role === 'follower');
    // Two voters cannot do without one of them, and a change may be about to leave two.
    const isSafe = this.slots.some(({ node }) => node?.role === 'leader' && node.voters.length > 2);
    if (!isSafe || this.#isChanging || this.#wiped || slot === undefined) return;
    await this.crash(slot);
    slot.log = new CrashableLog(this.#delay);
    this.#wiped = slot;
    this.counts.wiped++;
    this.note(`${slot.name} has lost its log`);
    await this.start(slot);
  }

  #changeVoters(): void {
    const leader = this.slots.find(({ node }) => node?.role === 'leader')?.node;
    if (this.#wiped !== undefined || this.#isChanging || leader === undefined) return;
    const { name } = this.slots.find((slot) => !leader.voters.includes(slot.name)) ?? this.#any();
    this.#isChanging = true;
    void this.#atLeader((node) => {
      if (!node.voters.includes(name)) return node.changeVoters({ add: [name] }, { timeout: 5000 });
      if (node.voters.length < 3) return Promise.reject(new Error('too few voters'));
      return node.changeVoters({ remove: [name] }, { timeout: 5000 });
    }).then((done) => {
      this.#isChanging = false;
      if (!done) return;
      this.counts.voterChanges++;
      this.note(`the voters have changed by ${name}`);
    });
  }

  #transfer(): void {
    void this.#atLeader((node) => node.transferLeadership(undefined, { timeout: 2000 })).then(
      (done) => {
        if (done) this.counts.transfers++;
      },
    );
  }

  /** False if no node leads, or if it refuses. Time passes until it has ended. */
  async #atLeader(order: (node: ShoalNode) => Promise<void>): Promise<boolean> {
    const leader = this.slots.find(({ node }) => node?.role === 'leader')?.node;
    if (leader === undefined) return false;
    return order(leader).then(
      () => true,
      () => false,
    );
  }

  #breakDisk(): void {
    const slot = this.#any();
    if (this.slots.some(({ log }) => log.isBroken) || slot.node === undefined) return;
    slot.log.breakDisk();
    this.counts.diskErrors++;
    this.note(`the disk of ${slot.name} is broken`);
  }

  /** Appends something at each node that considers itself the leader. */
  append({ size }: { size?: number } = {}): void {
    for (const { name, node } of this.slots) {
      if (node?.role !== 'leader') continue;
      const text = `${name} ${this.#texts++}`;
      const count = size ?? 1 + Math.floor(this.random() * 3);
      if (size !== undefined) this.counts.bigBatches++;
      this.counts.appends++;
      node.append(batch(count, text), { timeout: 20_000 }).then(
        ({ first, term }) => {
          this.note(`${text} is acknowledged at ${first} in ${formatTerm(term)}`);
          for (let i = 0; i < count; i++) {
            const vlsn = first + BigInt(i);
            this.acknowledged.push({ vlsn, text: `${text} ${i}`, term, by: name });
          }
        },
        (error: { code?: string }) => {
          this.counts.refused++;
          this.note(`${text} is not acknowledged: ${error.code ?? error}`);
        },
      );
    }
  }

  /** Lets time pass until `holds()`, for at most `ms` of virtual time. */
  async until(what: string, holds: () => boolean, ms: number): Promise<void> {
    for (let spent = 0; !holds(); spent += 100) {
      if (spent > ms) throw new Error(`not within ${ms} ms: ${what}`);
      await this.#clock.advance(100);
    }
  }
}
