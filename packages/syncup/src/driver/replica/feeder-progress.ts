import { clock } from '../connection/syncup-connection.ts';
import type { Lag } from './replica-options.ts';

/** How many times are remembered at which the feeder reported a higher VLSN. */
const MAX_MARKS = 64;

/** What a replica knows about its feeder's last VLSN, and since when: the lag. */
export class FeederProgress {
  #feederLast = 0n;
  /** Reports that are not applied yet, ascending. */
  readonly #marks: { vlsn: bigint; readonly at: number }[] = [];
  /** When the feeder was heard last. */
  #heardAt = clock();

  /** The lag of a replica that has applied everything up to `applied`. */
  lagBehind(applied: bigint): Lag {
    const ahead = this.#feederLast - applied;
    const entries = ahead < 0n ? 0n : ahead;
    const oldest = this.#marks[0];
    const ms = oldest === undefined ? 0 : clock() - oldest.at;
    const silentFor = clock() - this.#heardAt;
    return { applied, feederLast: applied + entries, entries, ms, silentFor };
  }

  /** The feeder holds everything up to `vlsn`. */
  reported(vlsn: bigint, applied: bigint): void {
    this.#heardAt = clock();
    if (vlsn <= this.#feederLast) return;
    this.#feederLast = vlsn;
    if (vlsn <= applied) return;
    // When there is no room, the newest mark stands for the reports that are left out.
    if (this.#marks.length === MAX_MARKS) this.#marks[MAX_MARKS - 1]!.vlsn = vlsn;
    else this.#marks.push({ vlsn, at: clock() });
  }

  /** Everything up to `vlsn` is applied. */
  applied(vlsn: bigint): void {
    while (this.#marks.length > 0 && this.#marks[0]!.vlsn <= vlsn) this.#marks.shift();
  }

  /** Forgets everything: another feeder, or another log, may follow. */
  reset(): void {
    this.#feederLast = 0n;
    this.#heardAt = clock();
    this.#marks.length = 0;
  }
}
