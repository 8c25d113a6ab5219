import { local, type NodeIdentity } from '@shoal/membership';
import { type Membership, startMembership } from '@shoal/membership/driver';
import { MemoryLog } from '@shoal/syncup';
import { type Feeder, startFeeder } from '@shoal/syncup/driver';
import { createUdpTransport } from '@shoal/transport-node';
import { createGatewayAwareTransport } from '@shoal/transport-websocket';
import { createGateway, createWebSocketServerTransport } from '@shoal/transport-websocket/server';
import type { ClusterInfo } from './control-protocol.ts';
import { entries } from './log-entries.ts';

const LAST = 1000;

/** Two members over UDP, one of them a gateway, and a feeder. */
export class NodeCluster {
  readonly info: ClusterInfo;
  readonly #members: readonly Membership<NodeIdentity>[];
  readonly #feeder: Feeder;

  private constructor(
    info: ClusterInfo,
    members: readonly Membership<NodeIdentity>[],
    feeder: Feeder,
  ) {
    this.info = info;
    this.#members = members;
    this.#feeder = feeder;
  }

  /** Pages from `origin` may connect. */
  static async start(origin: string): Promise<NodeCluster> {
    const server = createWebSocketServerTransport({ origins: [origin] });
    const [door, replicas] = [
      await server.listen('127.0.0.1:0'),
      await server.listen('127.0.0.1:0'),
    ];
    const udp = await createUdpTransport({ bind: '127.0.0.1:0' });
    const gateway = createGateway({ udp, listener: door });
    const other = createGatewayAwareTransport(await createUdpTransport({ bind: '127.0.0.1:0' }));
    const config = local();
    const seeds = [gateway.localAddress];
    const members = [
      startMembership({ transport: gateway, config }),
      startMembership({ transport: other, seeds, config }),
    ];
    const log = new MemoryLog();
    await log.append(entries(1, LAST, 'the feeder'));
    const feeder = startFeeder({ log, listener: replicas });
    const info: ClusterInfo = {
      door: door.address,
      members: members.map(({ identity }) => identity.address),
      feeder: replicas.address,
      last: LAST,
      digest: log.digest(),
    };
    return new NodeCluster(info, members, feeder);
  }

  async close(): Promise<void> {
    await Promise.all([this.#feeder, ...this.#members].map((each) => each.close()));
  }
}
