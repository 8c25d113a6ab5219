// Vite puts an empty module in the place of what a browser does not have. There must be none.
import { readdirSync, readFileSync } from 'node:fs';

const scripts = readdirSync('dist/assets').filter((file) => file.endsWith('.js'));
if (scripts.length === 0) throw new Error('Vite built no script');
for (const script of scripts) {
  const code = readFileSync(`dist/assets/${script}`, 'utf8');
  const found = /['"`]node:\w+|browser-external/.exec(code);
  if (found) throw new Error(`${script} needs ${found[0]}`);
}
