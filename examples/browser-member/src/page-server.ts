import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Cluster } from './cluster.ts';

const PAGE = fileURLToPath(new URL('../dist/page', import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const ACTION = /^\/nodes\/([a-z0-9-]+)\/(kill|start)$/;

/** A cluster, and the page that shows it. `await using` ends both. */
export interface Demo extends AsyncDisposable {
  readonly url: string;
  readonly cluster: Cluster;
  close(): Promise<void>;
}

/** Starts a cluster, and a server for its page on the loopback. Port 0 picks a free port. */
export async function startDemo(port: number): Promise<Demo> {
  let cluster: Cluster | undefined;
  const server = createServer((request, response) => {
    answer(request, response, origin, cluster).catch((error: unknown) => {
      console.error(error);
      response.writeHead(500).end();
    });
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const started = await Cluster.start(origin);
  cluster = started;
  const close = async (): Promise<void> => {
    await started.close();
    server.close();
    server.closeAllConnections();
  };
  return { url: `${origin}/`, cluster: started, close, [Symbol.asyncDispose]: close };
}

async function answer(
  { method, url = '/', headers }: IncomingMessage,
  response: ServerResponse,
  origin: string,
  cluster: Cluster | undefined,
): Promise<void> {
  const { pathname } = new URL(url, origin);
  const [, name, action] = ACTION.exec(pathname) ?? [];
  if (!cluster) {
    response.writeHead(503).end();
  } else if (pathname === '/cluster.json') {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
    response.end(JSON.stringify(cluster.info));
  } else if (method === 'POST' && name && action) {
    const isKnown = cluster.info.nodes.some((node) => node.name === name);
    // Only our own page may kill processes.
    if (headers.origin !== origin || !isKnown) return void response.writeHead(403).end();
    await (action === 'kill' ? cluster.kill(name) : cluster.start(name));
    response.writeHead(204).end();
  } else {
    await sendFile(response, pathname === '/' ? '/index.html' : pathname);
  }
}

async function sendFile(response: ServerResponse, pathname: string): Promise<void> {
  const path = normalize(join(PAGE, pathname));
  const type = TYPES[extname(path)];
  const bytes =
    type && path.startsWith(PAGE + sep) ? await readFile(path).catch(() => undefined) : undefined;
  if (!type || !bytes) return void response.writeHead(404).end();
  response.writeHead(200, { 'Content-Type': type }).end(bytes);
}
