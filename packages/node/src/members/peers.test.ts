import type { Member, NodeIdentity } from '@shoal/wire';
import { describe, expect, it } from 'vitest';
import { encodeNodeMetadata, type Role } from './node-metadata.ts';
import { Peers } from './peers.ts';

const nothing = new Uint8Array(0);

function node(
  name: string,
  address: string,
  {
    role = 'member',
    term = 0n,
    started = 1,
  }: { role?: Role; term?: bigint; started?: number } = {},
): Member<NodeIdentity> {
  const metadata = encodeNodeMetadata({ name, role, term, started, application: nothing });
  return { id: { address, generation: started, metadata }, incarnation: 0, state: 'alive' };
}

describe('Peers', () => {
  it('finds a node by its name until it is removed', () => {
    const peers = new Peers();
    peers.update(node('a', '10.0.0.1:1'));
    expect(peers.named('a')?.member.address).toBe('10.0.0.1:1');
    peers.update(node('b', '10.0.0.1:1'));
    expect(peers.named('a')).toBeUndefined();
    peers.remove('10.0.0.1:1');
    expect(peers.named('b')).toBeUndefined();
    peers.remove('10.0.0.1:1');
  });

  it('lists members that are not nodes under their address only', () => {
    const peers = new Peers();
    const id = { address: '10.0.0.1:1', generation: 1, metadata: nothing };
    peers.update({ id, incarnation: 0, state: 'alive' });
    expect(peers.visible()).toEqual([expect.objectContaining({ address: '10.0.0.1:1' })]);
    expect(peers.at('10.0.0.1:1')?.metadata).toBeUndefined();
  });

  it('gives a name to the node that started last, and hides the others', () => {
    const peers = new Peers();
    peers.update(node('a', '10.0.0.1:1', { started: 2 }));
    peers.update(node('a', '10.0.0.2:1', { started: 1 }));
    expect(peers.addressesOf('a')).toEqual(['10.0.0.2:1', '10.0.0.1:1']);
    peers.update(node('a', '10.0.0.2:1', { started: 1, term: 7n }));
    expect(peers.named('a')?.member.address).toBe('10.0.0.1:1');
    expect(peers.visible().map(({ address }) => address)).toEqual(['10.0.0.1:1']);
    peers.remove('10.0.0.1:1');
    expect(peers.named('a')?.metadata.term).toBe(7n);
  });

  it('lists the nodes that say that they lead', () => {
    const peers = new Peers();
    const leaders = (): string[] => peers.leaders().map(({ name }) => name);
    peers.update(node('a', '10.0.0.1:1', { role: 'leader', term: 2n }));
    peers.update(node('b', '10.0.0.2:1', { role: 'leader', term: 3n }));
    peers.update(node('c', '10.0.0.3:1', { role: 'follower', term: 4n }));
    expect(leaders()).toEqual(['a', 'b']);
    peers.update(node('b', '10.0.0.2:1', { term: 5n }));
    expect(leaders()).toEqual(['a']);
    peers.remove('10.0.0.1:1');
    expect(leaders()).toEqual([]);
  });
});
