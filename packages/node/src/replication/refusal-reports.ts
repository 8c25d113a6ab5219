import type { Emitter } from '@shoal/async';
import type { ConsensusReport } from '@shoal/consensus';
import type { NodeEvent } from '../events.ts';
import type { Members } from '../members/members.ts';
import { refusal } from './reports.ts';

/** How often the same refusal is reported at most, in ms. */
const INTERVAL = 10_000;
/** How many refusals are remembered. */
const MAX_REMEMBERED = 100;

/** Tells the application whom this node has refused, or why it cannot lead, but not each time. */
export class RefusalReports {
  readonly #events: Emitter<NodeEvent>;
  readonly #members: Members;
  readonly #last = new Map<string, number>();

  constructor(parts: { readonly events: Emitter<NodeEvent>; readonly members: Members }) {
    this.#events = parts.events;
    this.#members = parts.members;
  }

  /** Has no effect for reports of other kinds. */
  add(report: ConsensusReport): void {
    const error = refusal(report);
    if (error === undefined || this.#isKnown(error.message)) return;
    if (!('name' in report)) return this.#events.emit({ type: 'failed', error });
    const address = this.#members.peers.named(report.name)?.member.address ?? '';
    this.#events.emit({ type: 'peerRefused', address, error });
  }

  #isKnown(text: string): boolean {
    const now = performance.now();
    const last = this.#last.get(text);
    if (last !== undefined && now - last < INTERVAL) return true;
    if (this.#last.size >= MAX_REMEMBERED) this.#last.clear();
    this.#last.set(text, now);
    return false;
  }
}
