import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

// Runs the code of the README and compares what it prints with what it says it prints.

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const blocks = [...readme.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((match) => match[1]!);
const modules: Record<string, () => Promise<unknown>> = {
  '@shoal/wire': () => import('./index.ts'),
  '@shoal/wire/postcard': () => import('./postcard.ts'),
  '@shoal/wire/bincode': () => import('./bincode.ts'),
};

/** What a comment after or below `console.log` promises. */
function promised(block: string): string {
  return [...block.matchAll(/\/\/ (.*)$/gm)]
    .filter((match) => !/^\s*\/\/ The /.test(match[0]))
    .map((match) => match[1]!)
    .filter((text) => !text.startsWith('The identity'))
    .join('\n');
}

describe('the README', () => {
  it('has code', () => expect(blocks).toHaveLength(3));

  it.each(blocks.map((block, i) => [i + 1, block] as const))('block %i runs', async (_, block) => {
    const printed: string[] = [];
    const log = (...parts: unknown[]): void => void printed.push(parts.join(' '));
    const body = block.replace(
      /^import (?:\* as (\w+)|\{([^}]*)\}) from '([^']+)';$/gm,
      (_line, namespace, names, module) =>
        `const ${namespace ?? `{${names}}`} = await modules['${module}']();`,
    );
    const AsyncFunction = (async () => {}).constructor as new (
      ...args: string[]
    ) => (...values: unknown[]) => Promise<void>;
    await new AsyncFunction('modules', 'console', body)(modules, { log });
    expect(printed.join('\n')).toBe(promised(block));
  });
});
