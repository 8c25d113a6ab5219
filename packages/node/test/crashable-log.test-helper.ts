import {
  type Archive,
  type EncodedAccess,
  type LogNotes,
  MemoryLog,
  type NewEntry,
  type VlsnRange,
} from '@shoal/syncup';

/** A promise with the functions that settle it. */
function gate(): { promise: Promise<void>; open: () => void; shut: (error: Error) => void } {
  let open!: () => void;
  let shut!: (error: Error) => void;
  const promise = new Promise<void>((resolve, reject) => {
    open = resolve;
    shut = reject;
  });
  return { promise, open, shut };
}

/**
 * A log with a slow disk: entries can be read at once and are on the disk later, as with the group
 * commit of a real one. A crash loses those that are not on the disk.
 */
export class CrashableLog extends MemoryLog {
  #stable = 0n;
  #generation = 0;
  #crashed = false;
  #isBroken = false;
  readonly #delay: () => number;
  readonly #notes: CrashableNotes;
  readonly #writing = new Set<ReturnType<typeof gate>>();
  /** How many entries crashes have lost. */
  lost = 0;

  constructor(delay: () => number) {
    super();
    this.#delay = delay;
    this.#notes = new CrashableNotes(delay);
    Object.defineProperty(this, 'notes', { value: this.#notes });
    const encoded = this.encoded!;
    const append: EncodedAccess['append'] = (batches) =>
      this.#written(() => encoded.append(batches));
    Object.defineProperty(this, 'encoded', { value: { ...encoded, append } });
  }

  override append(entries: readonly NewEntry[]): Promise<VlsnRange> {
    return this.#written(() => super.append(entries));
  }

  async #written(append: () => Promise<VlsnRange>): Promise<VlsnRange> {
    if (this.#crashed) throw new Error('the process has crashed');
    if (this.#isBroken) throw new Error('the disk is broken');
    const range = await append();
    const generation = this.#generation;
    const written = gate();
    this.#writing.add(written);
    // In order: later entries reach the disk later.
    setTimeout(() => {
      this.#writing.delete(written);
      const current = !this.#crashed && generation === this.#generation;
      if (current && range.last > this.#stable) this.#stable = range.last;
      written.open();
    }, this.#delay());
    await written.promise;
    return range;
  }

  override async rollback(to: bigint, reason: string): Promise<Archive> {
    if (this.#crashed) throw new Error('the process has crashed');
    const archive = await super.rollback(to, reason);
    this.#stable = to;
    this.#generation++;
    return archive;
  }

  override async importSnapshot(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    await super.importSnapshot(chunks);
    this.#stable = this.range.last;
    this.#generation++;
  }

  /** The disk takes nothing more until the process starts again. */
  breakDisk(): void {
    this.#isBroken = true;
    this.#notes.crash();
  }

  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** The process has crashed: nothing more reaches the disk. */
  crash(): void {
    this.#crashed = true;
    this.#notes.crash();
    for (const written of this.#writing) written.shut(new Error('the process has crashed'));
    this.#writing.clear();
  }

  /** Leaves what the next process finds on the disk. */
  async recover(): Promise<void> {
    this.#crashed = false;
    this.#isBroken = false;
    this.#notes.recover();
    const { last } = this.range;
    if (last <= this.#stable) return;
    this.lost += Number(last - this.#stable);
    await super.rollback(this.#stable, 'lost in a crash');
  }
}

/** Notes with a slow disk. A crash loses those that are not on the disk. */
class CrashableNotes implements LogNotes {
  readonly #stable = new Map<string, Uint8Array>();
  readonly #delay: () => number;
  #life = 0;
  #isBroken = false;

  constructor(delay: () => number) {
    this.#delay = delay;
  }

  get(name: string): Uint8Array | undefined {
    return this.#stable.get(name);
  }

  async set(name: string, value: Uint8Array): Promise<void> {
    if (this.#isBroken) throw new Error('the disk is broken');
    const life = this.#life;
    await new Promise<void>((resolve) => {
      setTimeout(resolve, this.#delay());
    });
    if (life !== this.#life) throw new Error('the process has crashed');
    this.#stable.set(name, value);
  }

  crash(): void {
    this.#life++;
    this.#isBroken = true;
  }

  recover(): void {
    this.#isBroken = false;
  }
}
