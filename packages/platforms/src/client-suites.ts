// The program that runs inside a platform: in a page, or with Bun or Deno.
import { datagramConformance, streamConformance } from '@shoal/testkit/conformance';
import { createGatewayTransport, createWebSocketTransport } from '@shoal/transport-websocket';
import { CaseRunner } from './case-runner.ts';
import { ControlClient } from './control-client.ts';
import { coreSuites } from './core-suites.ts';
import { driverSuite } from './driver-suite.ts';
import { handshakeSuite } from './handshake-suite.ts';
import { remoteListening } from './remote-listener.ts';

const page: { host: string } | undefined = globalThis.location;
const control = await ControlClient.connect(page ? `ws://${page.host}/control` : process.argv[2]!);
const { digests } = (await control.ask({ type: 'digests' }, 'digests')).answer;
const runner = new CaseRunner();

coreSuites(runner, digests);

streamConformance(runner, {
  name: 'WebSocket client',
  pauses: false,
  create: (limits, role) =>
    role === 'dial'
      ? createWebSocketTransport({ ...limits, maxUnread: 1 << 21 })
      : remoteListening(control, limits),
  garbage: async (address) => {
    await control.ask({ type: 'garbage', address }, 'ok');
  },
});

handshakeSuite(runner, control, page !== undefined);
driverSuite(runner, control);

const doors: string[] = [];
for (let i = 0; i < 2; i++) {
  doors.push((await control.ask({ type: 'gateway' }, 'gateway')).answer.door);
}
let made = 0;
datagramConformance(runner, {
  name: 'clients of two gateways',
  create: () =>
    createGatewayTransport({
      transport: createWebSocketTransport(),
      gateways: [doors[made++ % doors.length]!],
    }),
  garbage: async (transport) => {
    const to = transport.localAddress.replace(/!.*/, '');
    await control.ask({ type: 'stray', to }, 'ok');
  },
});

await runner.run((result) => control.tell({ type: 'case', result }));
await control.ask({ type: 'done' }, 'ok');
control.close();
