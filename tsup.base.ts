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
    // Names and lines stay as they are, in less text: for the tarballs.
    esbuildOptions(options) {
      options.minifySyntax = true;
    },
  };
}

/**
 * For packages no variable of whose modules is ever assigned to: esbuild writes their constants as
 * `var`, which the bundlers of those who use the package do not inline. An assignment would be an
 * error of every bundler's.
 */
export const inlinableConstants: NonNullable<Options['plugins']>[number] = {
  name: 'inlinable constants',
  renderChunk: (code) => ({ code: code.replace(/^var (?=\w+ = )/gm, 'const ') }),
};

/** Drops the documentation that esbuild leaves inside of classes: it stands beside the types. */
export const noDocs: NonNullable<Options['plugins']>[number] = {
  name: 'no docs in code',
  renderChunk: (code) => ({ code: code.replace(/^ *\/\*\*[\s\S]*?\*\/\n/gm, '') }),
};
