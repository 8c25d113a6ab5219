import { defineConfig } from 'tsup';

export default defineConfig({
  entry: ['src/main.ts', 'src/node.ts'],
  format: 'esm',
  target: 'node20',
  // The page is built before, into dist/page.
  clean: false,
});
