import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codeBlocks, runBlock } from '../../../scripts/code-blocks.ts';

const folder = new URL('../', import.meta.url);
const [member, streams, machine, foca, ...more] = codeBlocks(
  readFileSync(new URL('README.md', folder), 'utf8'),
).filter(({ language }) => language === 'ts');

describe('the examples of the README', () => {
  it('a member', async () => {
    const lines = await runBlock(member!.code, { folder });
    expect(lines[0]).toMatch(/^up: 127\.0\.0\.1:\d+$/);
    expect(lines.at(-1)).toMatch(/^left 127\.0\.0\.1:\d+$/);
  });

  it('streams', async () => {
    const lines = await runBlock(streams!.code, { folder });
    expect(lines).toContainEqual(expect.stringMatching(/^(equal|merged)$/));
  });

  it('the machine', async () => {
    const lines = await runBlock(machine!.code, { folder });
    expect(lines).toEqual(['a:1 memberUp', 'a:1 active', 'active true']);
  });

  it('with foca', async () => {
    expect(await runBlock(foca!.code, { folder })).toEqual(['0']);
    expect(more).toEqual([]);
  });
});
