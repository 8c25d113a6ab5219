import type { Context } from '../context.ts';
import { task } from '../context.ts';
import type { Outbox } from '../dissemination/outbox.ts';
import type { ClusterView } from '../members/cluster-view.ts';
import type { Slot } from '../members/member-rows.ts';

/** A probe under way. */
interface Probe<Id> {
  readonly target: Slot;
  readonly id: Id;
  readonly incarnation: number;
  readonly number: number;
  readonly sentAt: number;
  /** Asked helpers; true once one has answered, be it with a nack. */
  readonly helpers: Map<Slot, boolean>;
  nacks: number;
  /** A datagram answered, be it through a helper. */
  succeeded: boolean;
  /** It answered over a stream. */
  answeredByStream: boolean;
}

/**
 * The failure detector: each period one member is probed, directly and then through others;
 * who has not answered by the period's end is suspected. Source: the SWIM paper, section 3.1;
 * the Lifeguard paper, section IV-A, for nacks and local health.
 */
export class Prober<Id> {
  readonly #context: Context<Id>;
  readonly #view: ClusterView<Id>;
  readonly #outbox: Outbox<Id>;
  readonly #period = task(() => this.#endPeriod());
  readonly #indirect = task(() => this.#askHelpers());
  #probe: Probe<Id> | undefined;
  #lastNumber = 0;

  constructor(context: Context<Id>, view: ClusterView<Id>, outbox: Outbox<Id>) {
    this.#context = context;
    this.#view = view;
    this.#outbox = outbox;
  }

  /** Begins to probe, at a random point of the first period, so that nodes do not march in step. */
  start(): void {
    const { after, config, random } = this.#context;
    after(this.#period, random() * config.probePeriod);
  }

  stop(): void {
    this.void();
    this.#context.timers.cancel(this.#period);
  }

  /** Forgets the probe under way: it will have no outcome. */
  void(): void {
    this.#probe = undefined;
    this.#context.timers.cancel(this.#indirect);
  }

  /** A number for a probe, never the same twice in a row. */
  nextNumber(): number {
    const { maxProbeNumber } = this.#context.codec;
    this.#lastNumber = this.#lastNumber >= maxProbeNumber ? 0 : this.#lastNumber + 1;
    return this.#lastNumber;
  }

  /** An answer to a direct probe. */
  onAck(from: Id, number: number): void {
    const probe = this.#underWay(from, number);
    if (probe?.target !== this.#view.find(from)) return;
    this.#succeed(probe, { outcome: 'direct', rtt: this.#context.clock.now - probe.sentAt });
  }

  /** An answer of `origin` that `helper` passes on. */
  onForwardedAck(helper: Id, origin: Id, number: number): void {
    this.#succeed(this.#answered(helper, origin, number), { outcome: 'indirect' });
  }

  /** `helper` says that it is there, but has not heard from `target` yet. */
  onNack(helper: Id, target: Id, number: number): void {
    const probe = this.#answered(helper, target, number);
    if (probe) probe.nacks++;
  }

  /** `target` answered over a stream. Returns false if the probe is over. */
  answeredByStream(target: Id, number: number): boolean {
    const probe = this.#underWay(target, number);
    if (!probe || probe.succeeded) return false;
    probe.answeredByStream = true;
    return true;
  }

  /** The probe under way, if it is of this target and has this number. */
  #underWay(target: Id, number: number): Probe<Id> | undefined {
    const probe = this.#probe;
    if (probe?.number !== number || !this.#context.traits.equals(target, probe.id))
      return undefined;
    return probe;
  }

  /** The same, if a helper that was asked answers for the first time. */
  #answered(helper: Id, target: Id, number: number): Probe<Id> | undefined {
    const probe = this.#underWay(target, number);
    const slot = this.#view.find(helper);
    if (probe?.helpers.get(slot) !== false) return undefined;
    probe.helpers.set(slot, true);
    return probe;
  }

  #succeed(
    probe: Probe<Id> | undefined,
    how: { outcome: 'direct' | 'indirect'; rtt?: number },
  ): void {
    if (!probe || probe.succeeded) return;
    const { health, outputs, timers } = this.#context;
    probe.succeeded = true;
    timers.cancel(this.#indirect);
    health.change(-1);
    outputs.push({ type: 'probe', target: probe.id, ...how });
  }

  #endPeriod(): void {
    const failed = this.#probe;
    this.void();
    if (failed && !failed.succeeded) this.#conclude(failed);
    const { after, clock, config, health, counters } = this.#context;
    after(this.#period, config.probePeriod * health.factor);
    const target = this.#view.table.order.next();
    if (target === undefined) return;
    const { table } = this.#view;
    const id = table.id(target);
    this.#probe = {
      target,
      id,
      incarnation: table.incarnation(target),
      number: this.nextNumber(),
      sentAt: clock.now,
      helpers: new Map(),
      nacks: 0,
      succeeded: false,
      answeredByStream: false,
    };
    counters.probes++;
    after(this.#indirect, config.probeTimeout * health.factor);
    // Lifeguard's buddy system: a suspect must be the first to know. Paper, section IV-C.
    const buddy = this.#context.lifeguard?.buddy && table.state(target) === 'suspect';
    if (buddy) this.#view.news.skipNext(target);
    const message = { type: 'ping', probeNumber: this.#probe.number } as const;
    this.#outbox.send(id, message, buddy ? this.#view.codec.encodeAt(target) : undefined);
  }

  #conclude(probe: Probe<Id>): void {
    const { counters, health, outputs } = this.#context;
    if (!this.#stands(probe)) return;
    if (probe.answeredByStream) {
      outputs.push({ type: 'probe', target: probe.id, outcome: 'answered-by-stream' });
      return;
    }
    counters.probesFailed++;
    const asked = probe.helpers.size;
    health.change(this.#context.lifeguard?.localHealth && asked > 0 ? asked - probe.nacks : 1);
    outputs.push({ type: 'probe', target: probe.id, outcome: 'failed' });
    this.#view.suspect(probe.target, probe.incarnation);
  }

  /** Whether the target is still there, and still who it was. */
  #stands(probe: Probe<Id>): boolean {
    return this.#view.find(probe.id) === probe.target && this.#view.table.isActive(probe.target);
  }

  #askHelpers(): void {
    const probe = this.#probe;
    if (!probe || probe.succeeded || !this.#stands(probe)) return;
    const { config, outputs } = this.#context;
    outputs.push({ type: 'probeOverdue', target: probe.id, probeNumber: probe.number });
    const helpers = this.#view.table.active.choose(
      config.indirectProbes,
      (slot) => slot !== probe.target,
    );
    for (const slot of helpers) {
      const message = { type: 'pingReq', target: probe.id, probeNumber: probe.number } as const;
      if (this.#outbox.send(this.#view.table.id(slot), message)) probe.helpers.set(slot, false);
    }
  }
}
