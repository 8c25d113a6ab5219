import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { it } from 'vitest';
import { ROOT } from './pages.ts';

it('docs/README.md shows which package imports which', () => {
  const script = fileURLToPath(new URL('scripts/package-diagram.mjs', ROOT));
  execFileSync(process.execPath, [script, '--check'], { stdio: 'pipe' });
});
