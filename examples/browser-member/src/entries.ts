import { setTimeout as sleep } from 'node:timers/promises';
import type { LogStore } from '@shoal/syncup';

/** The type of a commit in Shoal's own logs: a possible matchpoint. */
const COMMIT = 1;
/** Between entries, in ms. */
const PAUSE = 700;
/** How many entries are kept. A replica that needs older ones gets a full copy. */
const KEPT = 10_000;

const FISH = ['herring', 'anchovy', 'sardine', 'mackerel', 'capelin', 'sprat', 'smelt'] as const;
const DOINGS = ['turns to', 'drifts past', 'gathers at', 'feeds near', 'dives below'] as const;
const PLACES = ['the reef', 'the kelp', 'the wreck', 'the shelf', 'the bay', 'the trench'] as const;

/** Appends an entry from time to time, until the process ends. */
export async function appendForEver(log: LogStore, writer: string): Promise<never> {
  for (let number = 1; ; number++) {
    const text = JSON.stringify({ number, writer, at: Date.now(), text: sentence(number) });
    const { last } = await log.append([{ type: COMMIT, payload: new TextEncoder().encode(text) }]);
    if (last > KEPT) await log.trimHead(last - BigInt(KEPT));
    await sleep(PAUSE);
  }
}

function sentence(number: number): string {
  const one = (words: readonly string[], step: number): string =>
    words[(number * step) % words.length]!;
  return `a school of ${one(FISH, 3)} ${one(DOINGS, 2)} ${one(PLACES, 5)}`;
}
