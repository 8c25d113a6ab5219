import type { NodeIdentity } from '@shoal/membership';
import { type ClusterInfo, decodeProfile, type Profile } from '../src/protocol.ts';
import type { PageMember } from './member.ts';

export type ViewState = 'alive' | 'suspect' | 'down' | 'left' | 'unknown';

/** A member as the page shows it. */
export interface MemberView extends Profile {
  readonly address: string;
  readonly state: ViewState;
  readonly isSelf: boolean;
  /** Round-trip time of the last answered probe, in ms. */
  readonly rtt: number | undefined;
}

const ROLES: readonly string[] = ['feeder', 'gateway', 'node', 'page'];

/** The members that this page knows, itself included, in a stable order. */
export function viewMembers(
  { membership }: PageMember,
  cluster: ClusterInfo,
  rtts: ReadonlyMap<string, number>,
): MemberView[] {
  const views = new Map<string, MemberView>();
  for (const { id, state, left } of membership.membershipState()) {
    const profile = profileOf(id);
    const shown = state === 'down' && left ? 'left' : state;
    // A closed tab never returns under its old address.
    if (profile.role === 'page' && state === 'down') continue;
    const { address } = id;
    views.set(address, {
      ...profile,
      address,
      state: shown,
      isSelf: false,
      rtt: rtts.get(address),
    });
  }
  for (const { name, role, address } of cluster.nodes) {
    if (views.has(address)) continue;
    views.set(address, { name, role, address, state: 'unknown', isSelf: false, rtt: undefined });
  }
  const { identity } = membership;
  const { address } = identity;
  const self = { ...profileOf(identity), address, isSelf: true, rtt: undefined };
  views.set(address, { ...self, state: membership.state === 'defunct' ? 'down' : 'alive' });
  return [...views.values()].sort(
    (a, b) => ROLES.indexOf(a.role) - ROLES.indexOf(b.role) || (a.name < b.name ? -1 : 1),
  );
}

export function profileOf({ address, metadata }: NodeIdentity): Profile {
  return decodeProfile(metadata) ?? { name: address, role: 'node' };
}

/** The address of the gateway in the address of one of its clients. */
export function gatewayOf(address: string): string {
  return address.split('!', 1)[0]!;
}
