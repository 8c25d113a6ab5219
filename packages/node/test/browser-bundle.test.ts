import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, it } from 'vitest';

it('the portable entry bundles for browsers, without anything of Node.js', async () => {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL('../src/portable.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    outdir: 'unused',
    write: false,
    metafile: true,
    external: ['node:*'],
  });
  const inputs = Object.keys(metafile.inputs);
  expect(inputs).toContain('src/start-node.ts');
  expect(inputs.filter((input) => /node:|transport-node|lmdb|create-node/.test(input))).toEqual([]);
  const [output] = Object.values(metafile.outputs);
  expect(output!.imports.filter(({ external }) => external)).toEqual([]);
});
