import type { TermRange } from '@shoal/consensus';
import type { LogStore } from '@shoal/syncup';
import { termsBefore, termsOf } from '../votes/term.ts';
import type { LeaderChoice } from './leadership.ts';

/** What an {@link OutsideChoice} works with. */
export interface OutsideChoiceParts {
  readonly name: string;
  /** The voters of a new cluster. */
  readonly founding: readonly string[] | undefined;
  readonly log: LogStore;
}

/** The latest choice of a leader by a {@link Leadership}, and what it means for this node. */
export class OutsideChoice {
  latest: LeaderChoice | undefined;
  readonly #parts: OutsideChoiceParts;

  constructor(parts: OutsideChoiceParts) {
    this.#parts = parts;
  }

  /** Whether this node is chosen. */
  get isOwn(): boolean {
    return this.latest?.leader === this.#parts.name;
  }

  /**
   * The terms in which this node may lead: those of the epoch in which it is chosen. A founder leads
   * in those before, whoever is chosen; undefined: none.
   */
  get terms(): TermRange | undefined {
    if (this.latest === undefined) return undefined;
    const { epoch } = this.latest;
    if (this.isOwn) return termsOf(epoch);
    return this.#founds ? termsBefore(epoch) : undefined;
  }

  /**
   * Whether this node has to bring the others the log in which they are voters: they cannot lead
   * before that, even if they are chosen.
   */
  get #founds(): boolean {
    const { name, founding, log } = this.#parts;
    const { first, lastTxnEnd } = log.range;
    return founding?.[0] === name && first <= 1n && lastTxnEnd === 0n;
  }
}
