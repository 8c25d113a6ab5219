import { defineConfig } from 'tsup';

export default defineConfig({
  entry: ['src/main.ts', 'src/member.ts', 'src/writer.ts'],
  format: 'esm',
  target: 'node20',
  clean: true,
});
