import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'shoal-node-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Starts a node in a process that cannot find the package with lmdb's native binary. */
const program = `
  const Module = require('node:module');
  const resolve = Module._resolveFilename;
  Module._resolveFilename = function (request, ...rest) {
    if (!request.startsWith('@lmdb/')) return resolve.call(this, request, ...rest);
    throw Object.assign(new Error('no ' + request), { code: 'MODULE_NOT_FOUND' });
  };
  const report = ({ name, code, message, cause }) =>
    console.log(JSON.stringify({ name, code, message, cause: cause?.code }));
  const [, path] = process.argv;
  import('@shoal/node')
    .then(({ createNode }) => createNode({ name: 'a', bind: '127.0.0.1:0', log: { path } }))
    .then(() => report({ name: 'started' }), report);
`;

it('a missing native binary of lmdb is reported with what to do', () => {
  const output = execFileSync(process.execPath, ['-e', program, directory], {
    cwd: fileURLToPath(new URL('../', import.meta.url)),
    encoding: 'utf8',
  });
  const error = JSON.parse(output) as Record<string, string>;
  expect(error).toMatchObject({
    name: 'NodeError',
    code: 'missing-binary',
    cause: 'missing-binary',
  });
  expect(error['message']).toContain(`@lmdb/lmdb-${process.platform}-${process.arch}`);
});
