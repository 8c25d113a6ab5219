import { readFile } from 'node:fs/promises';
import * as transportNode from '@shoal/transport-node';
import * as wire from '@shoal/wire';
import * as postcard from '@shoal/wire/postcard';
import { describe, expect, it } from 'vitest';
import * as driver from './driver.ts';
import * as membership from './index.ts';

const modules: Readonly<Record<string, unknown>> = {
  '@shoal/membership': membership,
  '@shoal/membership/driver': driver,
  '@shoal/transport-node': transportNode,
  '@shoal/wire': wire,
  '@shoal/wire/postcard': postcard,
};

const AsyncFunction = (async () => {}).constructor as new (
  ...args: string[]
) => (...args: unknown[]) => Promise<void>;

/** Runs an example; returns what it logs. Everything it opens it closes itself. */
async function run(code: string): Promise<string[]> {
  const body = code
    .replace(/^import \* as (\w+) from '(.+)';$/gm, "const $1 = modules['$2'];")
    .replace(/^import (\{.+\}) from '(.+)';$/gm, "const $1 = modules['$2'];");
  const lines: string[] = [];
  const console = { log: (...values: unknown[]) => lines.push(values.join(' ')) };
  await new AsyncFunction('modules', 'console', body)(modules, console);
  return lines;
}

describe('the examples of the README', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [member, streams, machine, foca, ...more] = [
    ...readme.matchAll(/^```ts\n(.*?)^```/gms),
  ].map(([, code]) => code!);

  it('a member', async () => {
    const lines = await run(member!);
    expect(lines[0]).toMatch(/^up: 127\.0\.0\.1:\d+$/);
    expect(lines.at(-1)).toMatch(/^left 127\.0\.0\.1:\d+$/);
  });

  it('streams', async () => {
    expect(await run(streams!)).toContainEqual(expect.stringMatching(/^(equal|merged)$/));
  });

  it('the machine', async () => {
    const lines = await run(machine!);
    expect(lines).toEqual(['a:1 memberUp', 'a:1 active', 'active true']);
  });

  it('with foca', async () => {
    expect(await run(foca!)).toEqual(['0']);
    expect(more).toEqual([]);
  });
});
