import type { Member, NodeIdentity } from '@shoal/wire';
import { decodeNodeMetadata, type NodeMetadata, type Role } from './node-metadata.ts';

/** Another member, as this node knows it. */
export interface NodeMember {
  /** Undefined if the member is not a node. */
  readonly name: string | undefined;
  /**
   * When this life of the node began, in ms since 1970 by its own clock; undefined if the member is
   * not a node. Another life has another value.
   */
  readonly started: number | undefined;
  readonly address: string;
  /** Where it accepts streams; undefined if it is behind a gateway. */
  readonly streamAddress: string | undefined;
  /** Where it accepts streams over WebSocket, if it does. */
  readonly webSocketAddress: string | undefined;
  readonly state: 'alive' | 'suspect' | 'down';
  readonly role: Role;
  /** The term in which it leads or follows; for a `member`, the highest in which it has voted. */
  readonly term: bigint;
  /** What its application says about itself. */
  readonly metadata: Uint8Array;
}

const NOTHING = new Uint8Array(0);
const decoded = new WeakMap<NodeIdentity, { readonly metadata: NodeMetadata | undefined }>();

/** The metadata of a node, undefined for other members. Decodes each identity once. */
export function metadataOf(id: NodeIdentity): NodeMetadata | undefined {
  let known = decoded.get(id);
  if (known === undefined) {
    known = { metadata: decodeNodeMetadata(id.metadata) };
    decoded.set(id, known);
  }
  return known.metadata;
}

/** Where a member accepts streams; undefined behind a gateway, where it accepts none. */
function streamAddressOf(id: NodeIdentity): string | undefined {
  return metadataOf(id)?.streamAddress ?? (id.address.includes('!') ? undefined : id.address);
}

/** A member of the membership as the application sees it. */
export function nodeMember({ id, state }: Member<NodeIdentity>): NodeMember {
  const metadata = metadataOf(id);
  return {
    name: metadata?.name,
    started: metadata?.started,
    address: id.address,
    streamAddress: streamAddressOf(id),
    webSocketAddress: metadata?.webSocketAddress,
    state,
    role: metadata?.role ?? 'member',
    term: metadata?.term ?? 0n,
    metadata: metadata?.application ?? NOTHING,
  };
}
