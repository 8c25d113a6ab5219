import { defineConfig } from 'vitest/config';
import base from '../../../vitest.base.ts';

/** The tests of the built site, which `npm run docs` runs; `npm test` does not build it. */
export default defineConfig({ test: { ...base.test, include: ['site/**/*.test.ts'] } });
