// The npm package that rest.mjs compares with. `swim` no longer builds on Node 20; its fork does.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NAME = '@wzrdtales/swim-ng';
const VERSION = '0.6.2';
/** Its code for a suspected member. */
const SUSPECT = 1;
const FIRST_PORT = 21_000;
/** If the members have not all found each other after this many ms, measure them anyway. */
const PATIENCE = 90_000;

const folder = join(tmpdir(), `shoal-bench-swim-ng-${VERSION}-node-${process.versions.modules}`);
const require = createRequire(join(folder, 'none.js'));

/**
 * Installs the package outside the workspace, because its build script may not run inside. Returns
 * why it is not available, or undefined if it is.
 */
export function installSwimNg() {
  try {
    if (!existsSync(join(folder, 'node_modules', NAME))) {
      mkdirSync(folder, { recursive: true });
      const args = ['install', '--prefix', folder, '--no-audit', '--no-fund', '--no-save'];
      const options = { stdio: ['ignore', 'ignore', 'pipe'], timeout: 300_000, encoding: 'utf8' };
      execFileSync('npm', [...args, `${NAME}@${VERSION}`], options);
    }
    require(NAME);
    return undefined;
  } catch (error) {
    const lines = String(error.stderr || error.message).split('\n');
    return lines.find((line) => /npm error code /.test(line)) ?? lines[0];
  }
}

/** Starts `size` members that join at once, at the pace of Shoal's LAN defaults. */
export async function swimNg(size, period) {
  const Swim = require(NAME);
  const address = (i) => `127.0.0.1:${FIRST_PORT + i}`;
  let suspicions = 0;
  const start = performance.now();
  const members = Array.from({ length: size }, (_, i) => {
    const member = new Swim({
      local: { host: address(i) },
      interval: period,
      pingTimeout: period / 2,
      pingReqTimeout: period / 2,
      suspectTimeout: period * 5,
      joinTimeout: period,
    });
    member.on(Swim.EventType.Update, ({ state }) => {
      if (state === SUSPECT) suspicions++;
    });
    return member;
  });
  await Promise.all(
    members.map((member, i) => {
      const seeds = [0, 1, 2].filter((seed) => seed !== i).map(address);
      return new Promise((resolve) => member.bootstrap(seeds, () => resolve()));
    }),
  );
  const least = () => Math.min(...members.map((member) => member.members().length));
  while (least() < size - 1 && performance.now() - start < PATIENCE) {
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  const known = least();
  const joined = known === size - 1 ? performance.now() - start : undefined;
  return { joined, known, suspicions: () => suspicions };
}
