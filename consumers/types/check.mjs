// Compiles every entry of every installed package of Shoal, with the checks of declarations on, as a
// program for Node.js and, where the package says so, as one for browsers.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const VERSIONS = ['5.2', '5.9', '6', '7'];
const MODULES = {
  nodenext: { module: 'nodenext' },
  bundler: { module: 'esnext', moduleResolution: 'bundler' },
};
const PLATFORMS = {
  node: { lib: ['es2022'], types: ['node'] },
  browser: { lib: ['es2022', 'dom'], types: [] },
};

const entries = { node: [], browser: [] };
for (const name of readdirSync('node_modules/@shoal')) {
  const file = `node_modules/@shoal/${name}/package.json`;
  const { exports, browserEntries = [] } = JSON.parse(readFileSync(file, 'utf8'));
  for (const [subpath, target] of Object.entries(exports)) {
    if (typeof target === 'string') continue;
    const id = `@shoal/${name}${subpath.slice(1)}`;
    entries.node.push(id);
    if (browserEntries.includes(subpath)) entries.browser.push(id);
  }
}

const projects = [];
for (const [platform, types] of Object.entries(PLATFORMS)) {
  const code = entries[platform].map((id, i) => `export * as entry${i} from '${id}';\n`).join('');
  writeFileSync(`${platform}.mts`, code);
  for (const [resolution, module] of Object.entries(MODULES)) {
    const compilerOptions = {
      noEmit: true,
      target: 'es2022',
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      ...module,
      ...types,
    };
    const project = `tsconfig.${platform}-${resolution}.json`;
    writeFileSync(project, JSON.stringify({ compilerOptions, files: [`${platform}.mts`] }));
    projects.push(project);
  }
}
for (const version of VERSIONS) {
  await Promise.all(projects.map((project) => compile(version, project)));
}
console.log(`${entries.node.length} entries, ${entries.browser.length} of them in browsers`);

async function compile(version, project) {
  const tsc = `node_modules/typescript-${version}/bin/tsc`;
  const child = spawn('node', [tsc, '--project', project], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  const status = await new Promise((resolve) => child.once('close', resolve));
  if (status === 0) return;
  console.error(`TypeScript ${version}, ${project}:\n${output}`);
  process.exitCode = 1;
}
