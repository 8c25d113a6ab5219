import { local, type NodeIdentity } from '@shoal/membership';
import { type Membership, startMembership } from '@shoal/membership/driver';
import {
  createGatewayTransport,
  createWebSocketTransport,
  type GatewayTransport,
} from '@shoal/transport-websocket';
import { type ClusterInfo, encodeProfile, LABEL, MEMBERS_PATH } from '../src/protocol.ts';

/** This page as a member of the cluster. */
export interface PageMember {
  readonly membership: Membership<NodeIdentity>;
  readonly transport: GatewayTransport;
}

/** Joins through the first gateway that answers. */
export async function joinCluster(cluster: ClusterInfo, name: string): Promise<PageMember> {
  const transport = await createGatewayTransport({
    transport: createWebSocketTransport({ path: MEMBERS_PATH }),
    gateways: cluster.gateways,
    name,
    pingInterval: 2000,
  });
  const metadata = encodeProfile({ name, role: 'page' });
  const membership = startMembership({
    transport,
    seeds: cluster.seeds,
    config: local(),
    label: LABEL,
    identity: { metadata },
  });
  // Behind another gateway this page has another address, so it needs a new identity.
  transport.on('addressChanged', ({ address }) => {
    const before = membership.identity;
    membership.updateIdentity({ address, generation: Date.now(), metadata });
    // The old identity can no longer answer. Declare it down instead of letting others time out.
    membership.applyMany([{ id: before, incarnation: 0, state: 'down', left: true }], {
      broadcast: true,
    });
  });
  addEventListener('pagehide', () => void membership.leave());
  // A page that the browser restores from its cache starts over.
  addEventListener('pageshow', ({ persisted }) => persisted && location.reload());
  return { membership, transport };
}
