// The npm peer of rest.mjs. `swim` no longer builds on Node 20; its fork does, or comes built.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NAME = '@wzrdtales/swim-ng';
const VERSION = '0.6.2';
/** Its number for a member under suspicion. */
const SUSPECT = 1;
const FIRST_PORT = 21_000;
/** After so many ms without all knowing each other it is measured as it is. */
const PATIENCE = 90_000;

const folder = join(tmpdir(), `shoal-bench-swim-ng-${VERSION}-node-${process.versions.modules}`);
const require = createRequire(join(folder, 'none.js'));

/**
 * Installs the peer outside of the workspace, since it runs a build script that the workspace's
 * own dependencies may not. Returns why it is not available, or nothing.
 */
export function installSwimNg() {
  try {
    if (!existsSync(join(folder, 'node_modules'))) {
      mkdirSync(folder, { recursive: true });
      const args = ['install', '--prefix', folder, '--no-audit', '--no-fund', '--no-save'];
      const options = { stdio: ['ignore', 'ignore', 'pipe'], timeout: 300_000, encoding: 'utf8' };
      execFileSync('npm', [...args, `${NAME}@${VERSION}`], options);
    }
    require(NAME);
    return undefined;
  } catch (error) {
    return String(error.stderr || error.message)
      .trim()
      .split('\n')
      .at(-1);
  }
}

/** `size` members that join at once, with the pace of Shoal's LAN defaults. */
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
