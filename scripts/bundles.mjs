// What the cores weigh in a browser's bundle: minified by esbuild, compressed by gzip. By itself it
// measures the built workspace (npm run bundles); check-packages.mjs measures the tarballs.
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
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
    // To be 14,000, as it was before its tables of arrays, which bought speed: no more until then.
    limit: 16_000,
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
  for (const { name, limit, code } of BUNDLES) {
    const { outputFiles } = await build({
      stdin: { contents: code, resolveDir: folder },
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      target: 'es2022',
    });
    sizes.push({ name, limit, size: gzipSync(outputFiles[0].contents, { level: 9 }).length });
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
