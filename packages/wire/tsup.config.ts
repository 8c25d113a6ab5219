import { defineConfig } from 'tsup';
import { inlinableConstants, noDocs, packageBuild } from '../../tsup.base.ts';

export default defineConfig({
  ...packageBuild({
    index: 'src/index.ts',
    internal: 'src/internal.ts',
    postcard: 'src/formats/postcard.ts',
    bincode: 'src/formats/bincode.ts',
  }),
  plugins: [inlinableConstants, noDocs],
});
