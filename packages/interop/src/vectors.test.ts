import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rustBinary } from './rust-process.ts';

// The committed vectors are what the real crates write today, byte for byte.

const committed = new URL('../../wire/vectors/', import.meta.url);
const names = readdirSync(committed);

describe('golden vectors, made anew by the Rust crates', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'shoal-vectors-'));
    execFileSync(rustBinary('vectors'), ['--out', folder]);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('are as many files and at least 400 vectors', () => {
    expect(readdirSync(folder).sort()).toEqual(names.sort());
    const count = names
      .map((name) => JSON.parse(readFileSync(new URL(name, committed), 'utf8')).vectors.length)
      .reduce((sum, each) => sum + each, 0);
    expect(count).toBeGreaterThanOrEqual(400);
  });

  it.each(names)('%s is unchanged', (name) => {
    const made = readFileSync(join(folder, name), 'utf8');
    expect(made === readFileSync(new URL(name, committed), 'utf8')).toBe(true);
  });
});
