import { defineConfig } from 'tsup';
import { inlinableConstants, noDocs, packageBuild } from '../../tsup.base.ts';

export default defineConfig({
  ...packageBuild({
    index: 'src/index.ts',
    postcard: 'src/postcard.ts',
    bincode: 'src/bincode.ts',
  }),
  plugins: [inlinableConstants, noDocs],
});
