import { fileURLToPath } from 'node:url';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** Shared by every package: tests beside the sources and in `test/`, no globals, no retries. */
const config: ViteUserConfig = defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    setupFiles: [fileURLToPath(new URL('./vitest.setup.ts', import.meta.url))],
    retry: 0,
    pool: 'threads',
    testTimeout: 30_000,
  },
});

export default config;
