import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** The folder from which .ci/run counts the tests: each run of vitest leaves a report there. */
const reports = process.env['SHOAL_TEST_REPORTS'];

/** Shared by every package: tests beside the sources and in `test/`, no globals, no retries. */
const config: ViteUserConfig = defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    setupFiles: [fileURLToPath(new URL('./vitest.setup.ts', import.meta.url))],
    retry: 0,
    pool: 'threads',
    testTimeout: 30_000,
    ...(reports !== undefined && {
      reporters: ['default', ['json', { outputFile: join(reports, `${randomUUID()}.json`) }]],
    }),
  },
});

export default config;
