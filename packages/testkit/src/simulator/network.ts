import type { Random } from '../random.ts';
import type { Effects, Weather } from './fault.ts';
import { drawLatency } from './latency.ts';

/** What happens to a packet: it is sent, or why it is not. */
export type Fate = 'sent' | 'lost' | 'cut' | 'partitioned';

/** Options of a {@link Network}. */
export interface NetworkOptions {
  /** How many nodes there are. */
  readonly size: number;
  readonly weather: Weather;
  readonly random: Random;
  /** Counts what happens to packets. */
  readonly effects: Effects;
}

/** Decides which packets arrive, how often, and when. It has no clock and moves no bytes. */
export class Network {
  readonly #random: Random;
  readonly #effects: Effects;
  readonly #weather: (Weather | undefined)[];
  #fair: Weather;
  /** By node: the sides of the partitions that it is on, as a number for each combination. */
  readonly #sides: number[];
  #split = false;
  readonly #cuts: (Set<number> | undefined)[];
  /** By receiver: when the last packet to it arrives. */
  readonly #lastArrival: number[];
  /** Set by {@link route}: the delay of each copy of the packet, in ms. */
  readonly delays: number[] = [];

  constructor({ size, weather, random, effects }: NetworkOptions) {
    this.#fair = weather;
    this.#random = random;
    this.#effects = effects;
    this.#weather = new Array(size).fill(undefined);
    this.#sides = new Array(size).fill(0);
    this.#cuts = new Array(size).fill(undefined);
    this.#lastArrival = new Array(size).fill(0);
  }

  get weather(): Weather {
    return this.#fair;
  }

  /** Sets the weather everywhere or, given a node, for its packets. */
  setWeather(weather: Weather, node: number | undefined): void {
    if (node === undefined) {
      this.#fair = weather;
      this.#weather.fill(undefined);
    } else this.#weather[node] = weather;
  }

  cut(from: readonly number[], to: readonly number[]): void {
    for (const one of from) {
      const blocked = this.#cuts[one] ?? new Set();
      this.#cuts[one] = blocked;
      for (const other of to) if (other !== one) blocked.add(other);
    }
  }

  partition(nodes: readonly number[]): void {
    const cutOff = new Set(nodes);
    const sides = new Map<string, number>();
    for (let i = 0; i < this.#sides.length; i++) {
      const key = `${this.#sides[i]} ${cutOff.has(i)}`;
      if (!sides.has(key)) sides.set(key, sides.size);
      this.#sides[i] = sides.get(key)!;
    }
    this.#split = true;
  }

  heal(): void {
    this.#cuts.fill(undefined);
    this.#sides.fill(0);
    this.#split = false;
  }

  /** Whether packets get from one node to another, losses aside. */
  reaches(from: number, to: number): boolean {
    return this.#sides[from] === this.#sides[to] && !this.#cuts[from]?.has(to);
  }

  /** Decides the fate of a packet sent at `now`, and sets {@link delays}. */
  route(from: number, to: number, now: number): Fate {
    this.delays.length = 0;
    if (this.#split && this.#sides[from] !== this.#sides[to]) {
      this.#effects.partitions++;
      return 'partitioned';
    }
    if (this.#cuts[from]?.has(to)) {
      this.#effects.cuts++;
      return 'cut';
    }
    const weather = this.#weather[from] ?? this.#weather[to] ?? this.#fair;
    const random = this.#random;
    if (weather.loss > 0 && random() < weather.loss) {
      this.#effects.losses++;
      return 'lost';
    }
    this.delays.push(this.#delay(weather, to, now));
    if (weather.duplicate > 0 && random() < weather.duplicate) {
      this.#effects.duplicates++;
      this.delays.push(this.#delay(weather, to, now));
    }
    return 'sent';
  }

  #delay(weather: Weather, to: number, now: number): number {
    const random = this.#random;
    let delay = drawLatency(weather.latency, random);
    if (weather.reorder === 0) return delay;
    if (random() < weather.reorder) delay += random() * weather.reorderBy;
    if (now + delay < this.#lastArrival[to]!) this.#effects.reorders++;
    else this.#lastArrival[to] = now + delay;
    return delay;
  }
}
