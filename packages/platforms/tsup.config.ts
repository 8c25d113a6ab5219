import { defineConfig, type Options } from 'tsup';

const common: Options = { format: 'esm', target: 'es2022', splitting: false, clean: true };

export default defineConfig([
  { ...common, platform: 'node', entry: ['src/main.ts', 'src/chromium.ts'], outDir: 'dist/host' },
  // Whole programs: a browser knows no packages, and Bun and Deno are to run the same.
  {
    ...common,
    platform: 'browser',
    entry: ['src/client-suites.ts'],
    outDir: 'dist/client',
    noExternal: [/./],
  },
  {
    ...common,
    platform: 'node',
    entry: ['src/server-suites.ts', 'src/serve.ts'],
    outDir: 'dist/server',
    noExternal: [/^@shoal\//],
  },
]);
