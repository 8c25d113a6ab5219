import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('./cluster-member.test-script.mjs', import.meta.url));
const SIZE = 9;

/** A message from a member that runs in its own process. */
interface Told {
  readonly type: string;
  readonly address: string;
  readonly generation: number;
  readonly reason?: string;
  readonly ms?: number;
}

/** A member in its own process. */
class MemberProcess {
  readonly child: ChildProcess;
  readonly told: Told[] = [];
  readonly #waiting = new Set<() => void>();

  constructor(bind: string, seeds: readonly string[]) {
    this.child = fork(SCRIPT, [bind, ...seeds]);
    this.child.on('message', (message) => {
      this.told.push(message as Told);
      for (const look of this.#waiting) look();
    });
  }

  /** The first wanted message from index `from` on. */
  async hears(wanted: (told: Told) => boolean, from = 0): Promise<Told> {
    return await new Promise((resolve) => {
      let at = from;
      const look = (): void => {
        for (; at < this.told.length; at++) {
          if (!wanted(this.told[at]!)) continue;
          this.#waiting.delete(look);
          resolve(this.told[at]!);
          return;
        }
      };
      this.#waiting.add(look);
      look();
    });
  }

  async exit(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    await new Promise((resolve) => this.child.once('exit', resolve));
  }
}

const processes: MemberProcess[] = [];
afterEach(async () => {
  for (const { child } of processes) child.kill('SIGKILL');
  await Promise.all(processes.splice(0).map((one) => one.exit()));
});

function launch(bind: string, seeds: readonly string[]): MemberProcess {
  const one = new MemberProcess(bind, seeds);
  processes.push(one);
  return one;
}

/** Acts, and waits until each of `those` has sent the wanted message. */
async function allHear(
  those: readonly MemberProcess[],
  wanted: (told: Told) => boolean,
  cause: () => void,
): Promise<Told[]> {
  const from = those.map(({ told }) => told.length);
  cause();
  return await Promise.all(those.map((one, i) => one.hears(wanted, from[i])));
}

describe(`${SIZE} processes`, () => {
  it('see one of them killed, restarted, stopped, continued and leaving', {
    timeout: 180_000,
  }, async () => {
    const first = launch('127.0.0.1:0', []);
    const { address: seed } = await first.hears(({ type }) => type === 'bound');
    const rest = Array.from({ length: SIZE - 1 }, () => launch('127.0.0.1:0', [seed]));
    const all = [first, ...rest];
    const bound = await Promise.all(all.map((one) => one.hears(({ type }) => type === 'bound')));
    for (const [i, one] of all.entries()) {
      for (const [j, { address }] of bound.entries()) {
        if (i !== j)
          await one.hears((told) => told.type === 'memberUp' && told.address === address);
      }
    }

    const victim = bound[SIZE - 1]!;
    const others = all.slice(0, -1);
    const isDown = (told: Told): boolean =>
      told.type === 'memberDown' && told.address === victim.address;
    const isUp = (told: Told): boolean =>
      told.type === 'memberUp' && told.address === victim.address;

    const killed = await allHear(others, isDown, () => all.at(-1)!.child.kill('SIGKILL'));
    for (const { reason } of killed) expect(reason).toBe('failed');

    let again: MemberProcess | undefined;
    const restarted = await allHear(others, isUp, () => {
      again = launch(victim.address, [seed]);
    });
    for (const { generation } of restarted) expect(generation).toBeGreaterThan(victim.generation);

    const stopped = await allHear(others, isDown, () => again!.child.kill('SIGSTOP'));
    for (const { reason } of stopped) expect(reason).toBe('failed');

    const back = await allHear(
      [again!, ...others],
      (told) => isUp(told) || told.type === 'rejoined',
      () => again!.child.kill('SIGCONT'),
    );
    const { ms } = await again!.hears(({ type }) => type === 'paused');
    expect(ms).toBeGreaterThan(400);
    const latest = restarted[0]!.generation;
    for (const { generation } of back) expect(generation).toBeGreaterThan(latest);

    const left = await allHear(others, isDown, () => again!.child.send('leave'));
    for (const { reason } of left) expect(reason).toBe('left');
    await again!.exit();
    expect(again!.child.exitCode).toBe(0);
  });
});
