import type { Options } from 'tsup';
import { writeDeclarations } from './scripts/declarations.ts';

// How every published package is built: dist/PATH.js from src/PATH.ts, module by module, with a
// source map, a declaration and its map beside it. The maps lead to src/, which is shipped too.

/** Keeps modules apart, and imports the built one: './file.js' for './file.ts'. */
const moduleByModule: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'module by module',
  setup(build) {
    build.onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path, kind }) =>
      kind === 'entry-point' ? undefined : { path: path.replace(/ts$/, 'js'), external: true },
    );
  },
};

const config: Options = {
  entry: ['src/**/*.ts', '!src/**/*.test.ts', '!src/**/*.test-helper.ts'],
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  sourcemap: true,
  splitting: false,
  treeshake: false,
  clean: true,
  silent: true,
  esbuildPlugins: [moduleByModule],
  onSuccess: async () => writeDeclarations(),
};

export default config;
