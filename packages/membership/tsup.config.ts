import { defineConfig } from 'tsup';
import { inlinableConstants, packageBuild } from '../../tsup.base.ts';

export default defineConfig({
  ...packageBuild({
    index: 'src/index.ts',
    driver: 'src/driver.ts',
    diagnostics: 'src/driver/diagnostics.ts',
  }),
  plugins: [inlinableConstants],
});
