// One node of the cluster, in its own process. A feeder writes the log. A gateway follows the log,
// feeds it to pages, and forwards their datagrams. A plain node is just a member.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { local } from '@shoal/membership';
import { startMembership } from '@shoal/membership/driver';
import { MemoryLog } from '@shoal/syncup';
import { startFeeder, startReplica } from '@shoal/syncup/driver';
import { type DatagramTransport, parseAddress } from '@shoal/transport';
import { createTcpTransport, createUdpTransport } from '@shoal/transport-node';
import { createGatewayAwareTransport } from '@shoal/transport-websocket';
import { attachWebSocketListener, createGateway } from '@shoal/transport-websocket/server';
import { appendForEver } from './entries.ts';
import {
  encodeProfile,
  LABEL,
  LOG_PATH,
  MEMBERS_PATH,
  type NodeOptions,
  type NodeReport,
} from './protocol.ts';

const options = JSON.parse(process.argv[2]!) as NodeOptions;
const { name, role, seeds } = options;
const report = (message: NodeReport): void => void process.send?.(message);

const udp = await createUdpTransport({ bind: options.bind });
const log = new MemoryLog();
const { transport, door, feeder } = await open();
const membership = startMembership({
  transport,
  seeds,
  config: local(),
  label: LABEL,
  identity: { metadata: encodeProfile({ name, role }) },
});
const reportMembers = (): void =>
  report({ type: 'members', addresses: membership.members().map(({ id }) => id.address) });
membership.on('memberUp', reportMembers);
membership.on('memberDown', reportMembers);
report({
  type: 'ready',
  address: transport.localAddress,
  ...(door === undefined ? {} : { door }),
  ...(feeder === undefined ? {} : { feeder }),
});
// Without its parent this process is useless.
process.on('disconnect', () => process.exit());

/** What the role needs in addition to a socket. */
async function open(): Promise<{
  transport: DatagramTransport;
  door?: string;
  feeder?: string;
}> {
  if (role === 'gateway') return openGateway();
  const transport = createGatewayAwareTransport(udp);
  if (role !== 'feeder') return { transport };
  const listener = await createTcpTransport().listen('127.0.0.1:0');
  startFeeder({ log, listener, label: LABEL });
  void appendForEver(log, name);
  return { transport, feeder: listener.address };
}

/** One HTTP server with two paths: one for members without UDP, one for replicas. */
async function openGateway(): Promise<{ transport: DatagramTransport; door: string }> {
  const server = createServer();
  const { host, port } = parseAddress(options.door ?? '127.0.0.1:0');
  await once(server.listen(port, host), 'listening');
  const origins = [options.origin];
  const listener = attachWebSocketListener(server, { path: MEMBERS_PATH, origins });
  const replicas = attachWebSocketListener(server, { path: LOG_PATH, origins });
  startFeeder({ log, listener: replicas, label: LABEL });
  const { feeder } = options;
  if (feeder !== undefined) {
    const tcp = createTcpTransport();
    startReplica({ log, dial: (dialing) => tcp.dial(feeder, dialing), name, label: LABEL });
  }
  return { transport: createGateway({ udp, listener }), door: listener.address };
}
