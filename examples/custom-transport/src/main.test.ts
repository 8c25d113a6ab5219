import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { ChildLines } from '../../../scripts/child-lines.ts';

it('four threads form a cluster over the transport', async () => {
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
  await using cluster = new ChildLines(process.execPath, [main]);
  await cluster.line(/^threads:1 sees threads:4 come up$/);
  await cluster.line(/^threads:2 sees that threads:4 has failed$/);
  await cluster.line(/^threads:1 sees that threads:3 has left$/);
  expect(await cluster.exit).toBe(0);
}, 240_000);
