import { execFileSync } from 'node:child_process';
import { describe, it } from 'vitest';
import { PYTHON_FOLDER } from './python-process.ts';

describe('the codecs in Python', () => {
  it('write and read the examples of docs/wire-protocol.md', () => {
    execFileSync('python3', ['-B', '-m', 'unittest'], { cwd: PYTHON_FOLDER, stdio: 'pipe' });
  });
});
