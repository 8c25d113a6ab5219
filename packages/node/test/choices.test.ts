import { MemoryLog } from '@shoal/syncup';
import { describe, expect, it } from 'vitest';
import { fixedLeader, type NodeEvent, type ShoalNode } from '../src/index.ts';
import { batch, commits, record, start } from './nodes.test-helper.ts';

const VOTERS = ['a', 'b', 'c'];

/** Three voters, each told by its own choice who is to lead. */
async function cluster(
  choiceOf: (name: string) => ReturnType<typeof fixedLeader>,
  logs = VOTERS.map(() => new MemoryLog()),
): Promise<{ nodes: ShoalNode[]; events: NodeEvent[][]; logs: MemoryLog[] } & AsyncDisposable> {
  const nodes: ShoalNode[] = [];
  const events: NodeEvent[][] = [];
  for (const [i, name] of VOTERS.entries()) {
    const seeds = nodes.map(({ address }) => address);
    const node = await start(name, { log: logs[i], seeds, leadership: choiceOf(name) });
    events.push(record(node));
    nodes.push(node);
  }
  const close = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.close()));
  };
  return { nodes, events, logs, [Symbol.asyncDispose]: close };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const isRefusedChoice = (event: NodeEvent): boolean =>
  event.type === 'failed' && event.error.code === 'leadership';

describe('a choice from outside', () => {
  it('of a node that is not the first voter leads once the first one has founded', async () => {
    await using three = await cluster(() => fixedLeader('c'));
    const [a, , c] = three.nodes;
    await c!.until(() => c!.role === 'leader');
    await c!.append(commits(1), { acks: 3 });
    expect(a!.leader).toBe('c');
  });

  it('that differs between two nodes leaves one to lead, and the other one says so', async () => {
    // Within one epoch, nobody can tell which of them is meant.
    await using three = await cluster((name) => fixedLeader(name === 'b' ? 'b' : 'a'));
    const leads = (): ShoalNode | undefined => three.nodes.find(({ role }) => role === 'leader');
    await until(() => three.events.some((seen) => seen.some(isRefusedChoice)));
    await until(() => leads() !== undefined);
    const campaigns = (): number =>
      three.events.flat().filter(({ type }) => type === 'campaign').length;
    const before = campaigns();
    await leads()!
      .append(batch(20))
      .catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    // The other one waits while it hears the leader.
    expect(campaigns() - before).toBeLessThan(3);
    expect(leads()).toBeDefined();
  });

  it('of an epoch that has passed is reported, and nobody leads', async () => {
    const logs = VOTERS.map(() => new MemoryLog());
    {
      await using three = await cluster(() => fixedLeader('a', 9), logs);
      const [a] = three.nodes;
      await a!.until(() => a!.role === 'leader');
      await a!.append(commits(1), { acks: 3 });
    }
    // Whoever counts the epochs was set back.
    await using three = await cluster(() => fixedLeader('a', 2), logs);
    const [a] = three.nodes;
    await until(() => three.events[0]!.some(isRefusedChoice));
    expect(three.events[0]!.find(isRefusedChoice)).toMatchObject({
      error: {
        message: expect.stringContaining('9.0 is voted in; the next choice needs a higher'),
      },
    });
    expect(a!.role).toBe('member');
  });
});
