import { defineConfig } from 'tsup';
import { packageBuild } from '../../tsup.base.ts';

export default defineConfig(
  packageBuild({
    index: 'src/index.ts',
    conformance: 'src/conformance.ts',
    'log-conformance': 'src/log-conformance.ts',
    simulator: 'src/simulator/index.ts',
  }),
);
