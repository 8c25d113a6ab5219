import { local } from '@shoal/membership';
import type { MemoryLog } from '@shoal/syncup';
import {
  createNode,
  fixedLeader,
  type NodeEvent,
  type NodeOptions,
  type ShoalNode,
} from '../src/index.ts';

/** Periods as short as a busy machine allows. */
const config: ReturnType<typeof local> = {
  ...local(),
  probePeriod: 300,
  probeTimeout: 100,
};

/** Times as short as a busy machine allows. */
export const replication = {
  heartbeatInterval: 50,
  reconnect: { minDelay: 10, maxDelay: 100 },
  elections: {
    electionTimeout: { min: 300, max: 600 },
    heartbeatInterval: 50,
    hintDelay: 50,
  },
} as const;

const VOTERS = ['a', 'b', 'c'];

const encoder = new TextEncoder();

/** Commits, each with this text and a number. */
export function commits(count: number, text = 'entry'): { type: number; payload: Uint8Array }[] {
  return Array.from({ length: count }, (_, i) => ({
    type: 1,
    payload: encoder.encode(`${text} ${i}`),
  }));
}

/** One batch of entries, which only its last one ends. */
export function batch(count: number, text = 'entry'): { type: number; payload: Uint8Array }[] {
  return commits(count, text).map((entry, i) => ({ ...entry, type: i === count - 1 ? 1 : 0 }));
}

/** Starts a node on this machine, in a cluster of a, b and c that a leads. */
export function start(name: string, options: Partial<NodeOptions> = {}): Promise<ShoalNode> {
  return createNode({
    name,
    bind: '127.0.0.1:0',
    voters: VOTERS,
    config,
    replication,
    joinRetry: { first: 50, most: 500 },
    ...(options.log === undefined ? {} : { leadership: fixedLeader('a') }),
    ...options,
  });
}

/** The texts of the entries of a log, without the marks of terms. */
export async function texts(log: MemoryLog): Promise<string[]> {
  const found: string[] = [];
  const { first, last } = log.range;
  if (last === 0n) return found;
  for await (const batch of log.read(first)) {
    for (const { type, payload } of batch) {
      if (type !== 3) found.push(new TextDecoder().decode(payload));
    }
    if (batch.at(-1)!.vlsn === last) return found;
  }
  return found;
}

/** Collects the events of a node. */
export function record(node: ShoalNode): NodeEvent[] {
  const events: NodeEvent[] = [];
  void (async () => {
    for await (const event of node.events()) events.push(event);
  })();
  return events;
}
