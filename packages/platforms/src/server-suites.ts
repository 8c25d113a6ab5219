// The program that runs in Bun and in Deno: the packages for Node, on their node: modules.
import { datagramConformance, streamConformance } from '@shoal/testkit/conformance';
import { createTcpTransport, createUdpTransport } from '@shoal/transport-node';
import { createWebSocketTransport } from '@shoal/transport-websocket';
import { createWebSocketServerTransport } from '@shoal/transport-websocket/server';
import { CaseRunner } from './case-runner.ts';
import { ControlClient } from './control-client.ts';
import { livenessSuite } from './liveness-suite.ts';

const control = await ControlClient.connect(process.argv[2]!);
const runner = new CaseRunner();

datagramConformance(runner, {
  name: 'UDP',
  create: () => createUdpTransport({ bind: '127.0.0.1:0' }),
});

streamConformance(runner, { name: 'TCP', create: (limits) => createTcpTransport(limits) });

streamConformance(runner, {
  name: 'WebSocket server',
  pauses: false,
  create: (limits, role) =>
    role === 'dial'
      ? createWebSocketTransport({ ...limits, maxUnread: 1 << 21 })
      : createWebSocketServerTransport({ ...limits, pingInterval: 500 }),
});

livenessSuite(runner);

await runner.run((result) => control.tell({ type: 'case', result }));
await control.ask({ type: 'done' }, 'ok');
control.close();
