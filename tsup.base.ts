import type { Options } from 'tsup';

/** What every published package builds with: ESM only, one chunk graph, types beside the code. */
export function packageBuild(entry: Record<string, string>): Options {
  return {
    entry,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    dts: true,
    clean: true,
    sourcemap: false,
    splitting: true,
    treeshake: false,
  };
}
