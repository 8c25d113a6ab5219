import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { PYTHON_FOLDER } from './python-process.ts';

describe('the codecs in Python', () => {
  it('write and read the examples of docs/wire-protocol.md', () => {
    const args = ['-B', '-m', 'unittest'];
    const { status, stderr } = spawnSync('python3', args, { cwd: PYTHON_FOLDER, encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    expect(stderr).toMatch(/^Ran [1-9]/m);
  });
});
