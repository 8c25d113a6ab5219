import { defineConfig } from 'tsup';
import { packageBuild } from '../../tsup.base.ts';

export default defineConfig({
  ...packageBuild({
    index: 'src/index.ts',
    portable: 'src/portable.ts',
    internal: 'src/internal.ts',
    etcd: 'src/etcd.ts',
    diagnostics: 'src/diagnostics.ts',
  }),
  platform: 'node',
});
