// What the cores weigh in a browser's bundle: bundled and minified by Rolldown, with no comments
// left, compressed by gzip. Other bundlers, and other settings of this one, make a little more of
// it: Vite's, which keep constants in variables, 1 %, and esbuild 3 %. By itself it measures the
// built workspace (npm run bundles); check-packages.mjs measures the tarballs.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { root } from './packages.mjs';

/** Each with its budget in bytes. A name says what is in it; nothing else may be. */
const BUNDLES = [
  {
    name: 'syncup codec alone',
    limit: 3_000,
    code: `export { decodeSyncup, encodeSyncup } from '@shoal/wire';`,
  },
  {
    name: 'membership core and its wire',
    limit: 14_000,
    code: `export { Swim, lan, nodeTraits } from '@shoal/membership';
           export { shoalCodec } from '@shoal/wire';`,
  },
  {
    name: 'syncup machines and the wires of both dialects',
    limit: 12_000,
    code: `export { ReplicaSyncup, FeederSyncup, MatchpointSearch, decideRollback } from '@shoal/syncup';
           export { decodeSyncup, encodeSyncup, decodeShoalStream, encodeShoalStream,
             decodeStreamFrame, encodeStreamFrame } from '@shoal/wire';`,
  },
  {
    name: 'syncup with its log in memory',
    limit: 15_000,
    code: `export * from '@shoal/syncup';`,
  },
];

/** Bundles from what is installed in `folder`: `{ name, limit, size }` for each. */
export async function bundleSizes(folder) {
  const sizes = [];
  // A module that exists in memory only, and imports as one of the folder's would.
  const entry = join(folder, 'bundled.mjs');
  for (const { name, limit, code } of BUNDLES) {
    const bundle = await rolldown({
      input: entry,
      plugins: [
        {
          name: 'entry',
          resolveId: (id) => (id === entry ? id : undefined),
          load: (id) => (id === entry ? code : undefined),
        },
      ],
    });
    const { output } = await bundle.generate({ format: 'esm', minify: true, comments: false });
    await bundle.close();
    sizes.push({ name, limit, size: gzipSync(output[0].code, { level: 9 }).length });
  }
  return sizes;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const { name, limit, size } of await bundleSizes(`${root}packages/testkit`)) {
    const ok = size < limit;
    console.log(`${ok ? 'ok    ' : 'FAILED'} ${name}: ${size} bytes, of ${limit}`);
    if (!ok) process.exitCode = 1;
  }
}
