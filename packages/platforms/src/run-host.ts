import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { CaseResult } from './case-runner.ts';
import { ControlHost } from './control-host.ts';

/** The built suites beside this program: one for all platforms, one for those similar to Node. */
export const CLIENT_SUITES: URL = new URL('../client/client-suites.js', import.meta.url);
export const SERVER_SUITES: URL = new URL('../server/server-suites.js', import.meta.url);
/** The program that serves a run on another platform. */
export const SERVE: URL = new URL('../server/serve.js', import.meta.url);

const PAGE = `<!doctype html><meta charset="utf-8"><title>Shoal</title>
<body><script type="module" src="/suites.js"></script>`;

/** Where a platform finds its suites, and reports their results. */
export interface RunHost {
  /** The URL of the page that runs the suites. */
  readonly page: string;
  /** The URL of the control line, for a platform without pages. */
  readonly control: string;
  /** Resolves when the suites are done. */
  readonly done: Promise<void>;
  close(): Promise<void>;
}

/** Serves one run of the suites. */
export async function openRunHost(onCase: (result: CaseResult) => void): Promise<RunHost> {
  const suites = await readFile(CLIENT_SUITES);
  const server = createServer(({ url }, response) => {
    const isScript = url === '/suites.js';
    response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? suites : PAGE);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const controls = new WebSocketServer({ server, path: '/control', perMessageDeflate: false });
  const hosts: ControlHost[] = [];
  const done = new Promise<void>((resolve) => {
    controls.on('connection', (control) => {
      const host = new ControlHost(control, origin, onCase);
      hosts.push(host);
      void host.done.then(resolve);
    });
  });
  return {
    page: `${origin}/`,
    control: `ws://127.0.0.1:${port}/control`,
    done,
    async close() {
      for (const host of hosts) await host.close();
      controls.close();
      for (const socket of controls.clients) socket.terminate();
      server.close();
      server.closeAllConnections();
    },
  };
}
