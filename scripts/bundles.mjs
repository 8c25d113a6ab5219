// What the cores weigh for those who ship them to browsers: bundled and minified by esbuild and by
// Rolldown, then compressed by gzip. `npm run bundles` measures the built workspace;
// check-packages.mjs measures the tarballs.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { rolldown } from 'rolldown';
import { root } from './packages.mjs';
import { Report } from './report.mjs';

/** Each with its budget in bytes. A name says what is in it; nothing else may be. */
const BUNDLES = [
  {
    name: 'syncup codec alone',
    budget: 3_000,
    code: `export { decodeSyncup, encodeSyncup } from '@shoal/wire';`,
  },
  {
    name: 'membership core and its wire',
    budget: 17_000,
    code: `export { Swim, lan, nodeTraits } from '@shoal/membership';
           export { shoalCodec } from '@shoal/wire';`,
  },
  {
    name: 'syncup machines and the wires of both dialects',
    budget: 13_000,
    code: `export { ReplicaSyncup, FeederSyncup, MatchpointSearch, decideRollback } from '@shoal/syncup';
           export { decodeSyncup, encodeSyncup, decodeShoalStream, encodeShoalStream,
             decodeStreamFrame, encodeStreamFrame } from '@shoal/wire';`,
  },
  {
    name: 'syncup with its log in memory',
    budget: 16_000,
    code: `export * from '@shoal/syncup';`,
  },
];

const BUNDLERS = { esbuild: bundleWithEsbuild, Rolldown: bundleWithRolldown };

/** Checks each budget with each bundler, as a program in `folder` would bundle. */
export async function checkBundles(report, folder) {
  for (const { name, budget, code } of BUNDLES) {
    for (const [bundler, bundle] of Object.entries(BUNDLERS)) {
      await report.check(`${name}, ${bundler}`, async () => {
        const size = gzipSync(await bundle(folder, code), { level: 9 }).length;
        if (size > budget) throw new Error(`${size} bytes, over its budget of ${budget}`);
        return `${size} bytes of ${budget}`;
      });
    }
  }
}

/** Checks that an entry needs nothing that browsers do not have. */
export async function checkBrowserEntry(folder, id) {
  await bundleWithEsbuild(folder, `export * from '${id}';`);
}

async function bundleWithEsbuild(folder, code) {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: folder },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0].contents;
}

async function bundleWithRolldown(folder, code) {
  const input = join(folder, 'entry.mjs');
  const inMemory = {
    name: 'entry',
    resolveId: (id) => (id === input ? id : undefined),
    load: (id) => (id === input ? code : undefined),
  };
  const failOnWarning = (_level, { message }) => {
    throw new Error(message);
  };
  const bundle = await rolldown({ input, plugins: [inMemory], onLog: failOnWarning });
  const { output } = await bundle.generate({ format: 'esm', minify: true, comments: false });
  await bundle.close();
  return output[0].code;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const report = new Report();
  await checkBundles(report, `${root}packages/testkit`);
  report.end();
}
