import { Emitter } from '@shoal/async';
import type { Member, NodeIdentity } from '@shoal/wire';
import { describe, expect, it } from 'vitest';
import type { NodeEvent } from '../events.ts';
import { encodeNodeMetadata } from '../members/node-metadata.ts';
import { Peers } from '../members/peers.ts';
import { type ElectionParts, holdElection } from './election.ts';
import type { VoteReply } from './vote-message.ts';

const never = new AbortController().signal;
const reply = (voter: string, granted: boolean, votedTerm = 5n): VoteReply => {
  return { type: 'reply', granted, votedTerm, position: { term: 1n, last: 9n }, voter };
};

function election(voters: readonly string[], ask: ElectionParts['ask']): ElectionParts {
  const peers = new Peers();
  for (const [i, name] of voters.entries()) {
    const application = new Uint8Array(0);
    const metadata = encodeNodeMetadata({
      name,
      role: 'member',
      term: 0n,
      started: 1,
      application,
    });
    const id: NodeIdentity = { address: `10.0.0.${i}:1`, generation: 1, metadata };
    peers.update({ id, incarnation: 0, state: 'alive' } satisfies Member<NodeIdentity>);
  }
  const events = new Emitter<NodeEvent>({ overflowError: () => new Error('overflow') });
  return { term: 5n, others: voters, needed: 1, peers, events, random: () => 0, ask };
}

describe('holdElection', () => {
  it('needs as many votes as it is told, and says where the logs of the voters end', async () => {
    const parts = election(['b', 'c'], async (name) => reply(name, true));
    const votes: string[] = [];
    parts.events.on('voteReceived', ({ voter }) => votes.push(voter));
    expect(await holdElection({ ...parts, needed: 0 }, never)).toMatchObject({ type: 'elected' });
    expect(votes).toEqual([]);
    const { positions } = (await holdElection({ ...parts, needed: 2 }, never)) as {
      positions: ReadonlyMap<string, unknown>;
    };
    expect([...positions.keys()]).toEqual(['b', 'c']);
    expect(votes).toEqual(['b', 'c']);
  });

  it('ends with the first refusal', async () => {
    const parts = election(['b', 'c'], async (name) => reply(name, name === 'c', 8n));
    expect(await holdElection({ ...parts, needed: 2 }, never)).toEqual({
      type: 'refused',
      votedTerm: 8n,
    });
  });

  it('asks a voter that cannot be reached again', async () => {
    let attempts = 0;
    const parts = election(['b'], async (name) => {
      if (++attempts < 3) throw new Error('unreachable');
      return reply(name, true);
    });
    expect(await holdElection(parts, never)).toMatchObject({ type: 'elected' });
    expect(attempts).toBe(3);
  });

  it('rejects with the reason of its signal, and stops asking', async () => {
    const stop = new AbortController();
    let asked: AbortSignal | undefined;
    const parts = election(['b'], (_name, signal) => {
      asked = signal;
      return new Promise(() => {});
    });
    const held = expect(holdElection(parts, stop.signal)).rejects.toThrow('enough');
    stop.abort(new Error('enough'));
    await held;
    expect(asked?.aborted).toBe(true);
    await expect(holdElection(parts, stop.signal)).rejects.toThrow('enough');
  });
});
