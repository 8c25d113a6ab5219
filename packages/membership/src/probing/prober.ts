import { task } from '../context.ts';
import type { Machine } from '../machine.ts';
import type { Slot } from '../members/member-rows.ts';

/** A probe under way. */
interface Probe<Id> {
  readonly target: Slot;
  readonly id: Id;
  readonly incarnation: number;
  readonly number: number;
  readonly sentAt: number;
  /** The helpers that were asked; true for those that have answered, with an ack or a nack. */
  readonly helpers: Map<Slot, boolean>;
  nacks: number;
  /** It was acked, directly or through a helper. */
  acked: boolean;
  answeredByStream: boolean;
}

/**
 * The failure detector. Each period it probes one member, directly and then through helpers, and
 * suspects it if no answer came by the end of the period. Source: the SWIM paper, section 3.1; the
 * Lifeguard paper, section IV-A, for nacks and local health.
 */
export class Prober<Id> {
  readonly #machine: Machine<Id>;
  readonly #period = task(() => this.#endPeriod());
  readonly #overdue = task(() => this.#askHelpers());
  #probe: Probe<Id> | undefined;
  #lastNumber = 0;

  constructor(machine: Machine<Id>) {
    this.#machine = machine;
  }

  /** Starts at a random point of the first period, so that nodes do not probe in step. */
  start(): void {
    const { after, config, random } = this.#machine;
    after(this.#period, random() * config.probePeriod);
  }

  stop(): void {
    this.cancel();
    this.#machine.timers.cancel(this.#period);
  }

  /** Cancels the probe under way: it will have no outcome. */
  cancel(): void {
    this.#probe = undefined;
    this.#machine.timers.cancel(this.#overdue);
  }

  /** A number for a probe, never the same twice in a row. */
  nextNumber(): number {
    const { maxProbeNumber } = this.#machine.codec;
    this.#lastNumber = this.#lastNumber >= maxProbeNumber ? 0 : this.#lastNumber + 1;
    return this.#lastNumber;
  }

  /** `from` answered a direct probe. */
  onAck(from: Id, number: number): void {
    const { clock, view } = this.#machine;
    const probe = this.#current(from, number);
    if (probe?.target !== view.find(from)) return;
    view.table.prove(probe.target);
    this.#succeed(probe, { outcome: 'direct', rtt: clock.now - probe.sentAt });
  }

  /** `helper` passed on an answer of `target`. */
  onForwardedAck(helper: Id, target: Id, number: number): void {
    this.#succeed(this.#answeredBy(helper, target, number), { outcome: 'indirect' });
  }

  /** `helper` is alive, but has not heard from `target`. */
  onNack(helper: Id, target: Id, number: number): void {
    const probe = this.#answeredBy(helper, target, number);
    if (probe) probe.nacks++;
  }

  /** `target` answered over a stream. Returns false if the probe is over. */
  onAnswerByStream(target: Id, number: number): boolean {
    const probe = this.#current(target, number);
    if (!probe || probe.acked) return false;
    probe.answeredByStream = true;
    return true;
  }

  /** The probe under way, if it has this target and this number. */
  #current(target: Id, number: number): Probe<Id> | undefined {
    const probe = this.#probe;
    if (probe?.number !== number) return undefined;
    return this.#machine.traits.equals(target, probe.id) ? probe : undefined;
  }

  /** The same, if `helper` was asked and answers for the first time. */
  #answeredBy(helper: Id, target: Id, number: number): Probe<Id> | undefined {
    const probe = this.#current(target, number);
    const slot = this.#machine.view.find(helper);
    if (probe?.helpers.get(slot) !== false) return undefined;
    probe.helpers.set(slot, true);
    return probe;
  }

  #succeed(
    probe: Probe<Id> | undefined,
    how: { readonly outcome: 'direct' | 'indirect'; readonly rtt?: number },
  ): void {
    if (!probe || probe.acked) return;
    const { health, outputs, timers } = this.#machine;
    probe.acked = true;
    timers.cancel(this.#overdue);
    health.change(-1);
    outputs.push({ type: 'probe', target: probe.id, ...how });
  }

  #endPeriod(): void {
    const { after, config, health } = this.#machine;
    const previous = this.#probe;
    this.cancel();
    if (previous && !previous.acked) this.#conclude(previous);
    after(this.#period, config.probePeriod * health.factor);
    const target = this.#machine.view.table.nextToProbe();
    if (target !== undefined) this.#begin(target);
  }

  #begin(target: Slot): void {
    const { after, clock, config, health, counters, lifeguard, view, outbox } = this.#machine;
    const id = view.table.id(target);
    const probeNumber = this.nextNumber();
    this.#probe = {
      target,
      id,
      incarnation: view.table.incarnation(target),
      number: probeNumber,
      sentAt: clock.now,
      helpers: new Map(),
      nacks: 0,
      acked: false,
      answeredByStream: false,
    };
    counters.probes++;
    after(this.#overdue, config.probeTimeout * health.factor);
    // Lifeguard's buddy system: a suspect must be the first to know. Paper, section IV-C.
    const buddy = lifeguard?.buddy && view.table.state(target) === 'suspect';
    if (buddy) view.updates.skipNext(target);
    const suspicion = buddy ? view.codec.encodeAt(target) : undefined;
    outbox.send(id, { type: 'ping', probeNumber }, suspicion);
  }

  /** Ends a probe that nobody acked. */
  #conclude(probe: Probe<Id>): void {
    if (!this.#isStillMember(probe)) return;
    const { counters, health, outputs, lifeguard } = this.#machine;
    if (probe.answeredByStream) {
      outputs.push({ type: 'probe', target: probe.id, outcome: 'answered-by-stream' });
      return;
    }
    counters.probesFailed++;
    const asked = probe.helpers.size;
    health.change(lifeguard?.localHealth && asked > 0 ? asked - probe.nacks : 1);
    outputs.push({ type: 'probe', target: probe.id, outcome: 'failed' });
    this.#machine.view.suspect(probe.target, probe.incarnation);
  }

  /** Whether the target is still active, under the same identity. */
  #isStillMember(probe: Probe<Id>): boolean {
    const { view } = this.#machine;
    return view.find(probe.id) === probe.target && view.table.isActive(probe.target);
  }

  #askHelpers(): void {
    const probe = this.#probe;
    if (!probe || probe.acked || !this.#isStillMember(probe)) return;
    const { config, outputs, view, outbox } = this.#machine;
    const { id: target, number: probeNumber } = probe;
    outputs.push({ type: 'probeOverdue', target, probeNumber });
    const helpers = view.table.peers.choose(config.indirectProbes, (slot) => slot !== probe.target);
    for (const slot of helpers) {
      const sent = outbox.send(view.table.id(slot), { type: 'pingReq', target, probeNumber });
      if (sent) probe.helpers.set(slot, false);
    }
  }
}
