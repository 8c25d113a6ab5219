import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { logConformance } from '../src/log-conformance.ts';
import { ArrayLog } from './array-log.test-helper.ts';

logConformance({ describe, it }, { name: 'ArrayLog', create: (options) => new ArrayLog(options) });

it('is the log of the guide', () => {
  const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
  const guide = read('../../../docs/writing-a-log.md');
  const [, code] = /```ts array-log\n([\s\S]*?)```/.exec(guide) ?? [];
  expect(code).toBe(read('./array-log.test-helper.ts'));
});
