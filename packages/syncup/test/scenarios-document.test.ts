import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const rows = [
  ...read('../../../docs/scenarios.md').matchAll(/^\| (.+?) \| (\S+\.ts) \| (.+?) \|$/gm),
];

describe('docs/scenarios.md', () => {
  it('has a table', () => {
    expect(rows.length).toBeGreaterThan(40);
  });

  it.each(rows.map(([, scenario, file, test]) => [scenario!, file!, test!]))(
    'names a test that is there: %s',
    (_, file, test) => {
      expect(read(`../../${file}`)).toContain(test);
    },
  );
});
