import type { Members } from '../members/members.ts';
import type { PeerLinks } from '../messages/peer-links.ts';

/** How often a node that knows no leader looks for one among the members, in ms. */
const INTERVAL = 500;
/** How many members that say that they lead are asked at a time: any of them may lie. */
const MAX_ASKED = 3;

/** What a {@link LeaderSeeker} works with. */
export interface LeaderSeekerParts {
  readonly name: string;
  readonly members: Members;
  readonly links: PeerLinks;
  readonly random: () => number;
  /** The lowest term of a leader to look for; undefined: a leader is known. */
  readonly wanted: () => bigint | undefined;
}

/** Makes this node known to members that say that they lead. Who leads answers with a heartbeat. */
export class LeaderSeeker {
  readonly #parts: LeaderSeekerParts;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(parts: LeaderSeekerParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.seek(), INTERVAL);
    this.seek();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Looks once, unless a leader is known. */
  seek(): void {
    const { name, members, links, random, wanted } = this.#parts;
    const lowest = wanted();
    if (lowest === undefined) return;
    const found = members.peers.leaders().filter((one) => one.name !== name && one.term >= lowest);
    for (let asked = 0; asked < MAX_ASKED && found.length > 0; asked++) {
      const [leader] = found.splice(Math.floor(random() * found.length), 1);
      links.connect(leader!.name);
    }
  }
}
