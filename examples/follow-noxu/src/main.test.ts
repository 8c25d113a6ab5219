import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { ChildLines } from '../../../scripts/child-lines.ts';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const PEER = fileURLToPath(
  new URL('../../../packages/interop/rust/target/release/noxu-peer', import.meta.url),
);

it('follows a Noxu feeder from whose log it has diverged', async () => {
  const shape = ['--generate', '100', '--diverge-at', '50', '--tag', 'theirs'];
  await using feeder = new ChildLines(PEER, ['feeder', '--listen', '127.0.0.1:0', ...shape]);
  const [, addr] = await feeder.line(/^\{"event":"listening","addr":"([^"]+)"/);

  await using replica = new ChildLines(process.execPath, [MAIN, addr!]);
  await replica.line(/^rolled back to 50, archived 51 to 60$/);
  await replica.line(/^streaming from 51$/);
  await replica.line(/^applied \d+ to 100$/);
  await feeder.line(/^\{"event":"caughtUp","ackedVlsn":"?100"?/);

  replica.signal('SIGTERM');
  expect(await replica.exit).toBe(0);
}, 240_000);
