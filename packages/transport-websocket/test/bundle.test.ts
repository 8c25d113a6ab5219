import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

describe('a bundle for browsers', () => {
  it('contains neither node: modules nor ws, which is loaded only where there is no WebSocket', async () => {
    const { metafile } = await build({
      entryPoints: [fileURLToPath(new URL('../src/index.ts', import.meta.url))],
      bundle: true,
      format: 'esm',
      platform: 'browser',
      splitting: true,
      outdir: 'unused',
      write: false,
      metafile: true,
      external: ['node:*'],
    });
    const [name, entry] = Object.entries(metafile.outputs).find(([, it]) => it.entryPoint)!;
    expect(name).toMatch(/index\.js$/);
    // What is in the entry, and in the chunks that it imports at once.
    const eager = new Set([entry]);
    for (const output of eager) {
      for (const { kind, path } of output.imports) {
        if (kind === 'import-statement') eager.add(metafile.outputs[path]!);
      }
    }
    const inputs = [...eager].flatMap((output) => Object.keys(output!.inputs));
    expect(inputs).toContain('src/member/gateway-transport.ts');
    expect(inputs.filter((input) => /node:|\/ws\/|ws-socket|server|listener/.test(input))).toEqual(
      [],
    );
    const imports = [...eager].flatMap((output) => output!.imports.filter((it) => it.external));
    expect(imports).toEqual([]);
  });
});
