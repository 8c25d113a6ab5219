import type { TestRunner } from '@shoal/testkit/conformance';
import { TransportError } from '@shoal/transport';
import { createWebSocketTransport } from '@shoal/transport-websocket';
import type { ControlClient } from './control-client.ts';
import { remoteListening } from './remote-listener.ts';

/** Tests of the platform's own handshake, which no imitation can replace. */
export function handshakeSuite(runner: TestRunner, control: ControlClient, isPage: boolean): void {
  runner.describe("the platform's handshake", () => {
    runner.it('carries a token, and is refused without the right one', async () => {
      const token = 'geheim ✓ /+=';
      const listener = await remoteListening(control, {}, token).listen('127.0.0.1:0');
      const connection = await createWebSocketTransport({ token }).dial(listener.address);
      await connection.close();
      for (const wrong of [undefined, 'geheim']) {
        const options = wrong === undefined ? {} : { token: wrong };
        await mustBeRefused(createWebSocketTransport(options).dial(listener.address));
      }
      await listener.close();
    });

    if (!isPage) return;
    runner.it('is refused to a page of another origin', async () => {
      const listener = await remoteListening(control, {}).listen('127.0.0.1:0');
      const frame = document.createElement('iframe');
      // The origin of a sandboxed page is "null".
      frame.setAttribute('sandbox', 'allow-scripts');
      const url = JSON.stringify(`ws://${listener.address}/`);
      frame.srcdoc = `<script>
        const socket = new WebSocket(${url}, 'shoal.1');
        socket.onopen = () => parent.postMessage('open', '*');
        socket.onerror = () => parent.postMessage('refused', '*');
      </script>`;
      const said = new Promise((resolve) => {
        addEventListener('message', ({ data }) => resolve(data), { once: true });
      });
      document.body.append(frame);
      const outcome = await said;
      frame.remove();
      await listener.close();
      if (outcome !== 'refused')
        throw new Error(`the connection of the other page was ${outcome}, not refused`);
    });
  });
}

async function mustBeRefused(dialing: Promise<{ close(): Promise<void> }>): Promise<void> {
  const outcome = await dialing.then(
    async (connection) => {
      await connection.close();
      return 'no error';
    },
    (error: unknown) => error,
  );
  if (outcome instanceof TransportError && outcome.code === 'refused') return;
  throw new Error(`not refused: ${String(outcome)}`);
}
