import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { it } from 'vitest';
import { ROOT } from './pages.ts';

it('docs/architecture.svg is what its script draws of the packages as they are', () => {
  const script = fileURLToPath(new URL('scripts/architecture.mjs', ROOT));
  execFileSync(process.execPath, [script, '--check'], { stdio: 'pipe' });
});
