// One server of a cluster of Shoal, with what the program raft-node of packages/interop has: requests
// over HTTP, an end with its standard input, and default settings.
//
//     node shoal-server.mjs NAME BIND PATH HTTP VOTERS [SEED...]
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { createNode } from '@shoal/node';

const [name, bind, path, http, voters, ...seeds] = process.argv.slice(2);
const COMMIT = 1;
const encoder = new TextEncoder();

const node = await createNode({ name, bind, seeds, log: { path }, voters: voters.split(',') });
node.on('failed', ({ error }) => console.error(error));

const requests = {
  'GET /status': () => ({ leader: node.leader ?? '', applied: Number(node.stats().committed) }),
  'PUT /value': async (request) => {
    const payload = encoder.encode(await text(request));
    const { last } = await node.append([{ type: COMMIT, payload }]);
    return { index: Number(last) };
  },
  'POST /transfer': async () => {
    await node.transferLeadership();
    return {};
  },
};

const server = createServer(async (request, response) => {
  try {
    const answer = await requests[`${request.method} ${request.url}`](request);
    response.end(JSON.stringify(answer));
  } catch (error) {
    response.writeHead(error.code === 'not-leader' ? 409 : 503).end(`${error.code ?? error}`);
  }
});
const [host, port] = http.split(':');
server.listen(Number(port), host);
process.stdin.on('end', () => process.exit()).resume();
