import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { temporaryDirectories } from './directory.test-helper.ts';

const directory = temporaryDirectories();

/** Opens a log in a process that cannot find the package with lmdb's native binary. */
const program = `
  const Module = require('node:module');
  const resolve = Module._resolveFilename;
  Module._resolveFilename = function (request, ...rest) {
    if (!request.startsWith('@lmdb/')) return resolve.call(this, request, ...rest);
    throw Object.assign(new Error('no ' + request), { code: 'MODULE_NOT_FOUND' });
  };
  const report = ({ name, code, message, cause }) =>
    console.log(JSON.stringify({ name, code, message, cause: String(cause) }));
  import('@shoal/log-lmdb')
    .then(({ openLmdbLog }) => openLmdbLog({ path: process.argv[1] }))
    .then(() => report({ name: 'opened' }), report);
`;

it('a missing native binary is reported with what to do', () => {
  const output = execFileSync(process.execPath, ['-e', program, directory()], {
    cwd: fileURLToPath(new URL('../', import.meta.url)),
    encoding: 'utf8',
  });
  const error = JSON.parse(output) as Record<string, string>;
  expect(error).toMatchObject({ name: 'SyncupError', code: 'missing-binary' });
  expect(error['message']).toContain(`@lmdb/lmdb-${process.platform}-${process.arch}`);
  expect(error['cause']).toContain('No native build was found');
});
