// Follows the quick start of the README like a new user: with npm, in a clean folder, from the
// packed tarballs. Only two things are replaced: the names of our packages by their tarballs, since
// nothing is published yet, and the ports by free ones. Prints each step with its time. Exits with
// 1 unless everything that the README shows appeared.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.mjs';
import { pack } from './pack.mjs';
import { published, root } from './packages.mjs';

/** How long the whole quick start may take, in ms: five minutes. */
const PATIENCE = 300_000;

const start = performance.now();
const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
const steps = quickStart();
const tarballs = new Map(pack().map(({ name, tarball }) => [name, tarball]));
console.log(`${seconds()}  packed the tarballs`);

const folder = mkdtempSync(join(tmpdir(), 'shoal-new-user-'));
const nodes = new Map();
const lines = [];
let wake = () => {};
try {
  for (const command of steps.install) {
    console.log(`${seconds()}  $ ${command}`);
    const [file, ...args] = command.split(' ');
    execFileSync(file, args.flatMap(tarballsOf), {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
  console.log(`${seconds()}  saved ${steps.file}`);
  writeFileSync(join(folder, steps.file), steps.program);

  const ports = await freePorts(steps.run);
  const commands = steps.run.map((command) =>
    command.replace(/\b70\d\d\b/g, (port) => ports.get(port)),
  );
  const names = commands.map((command) => {
    const name = command.split(' ')[2];
    nodes.set(name, run(command));
    return name;
  });
  for (const name of names) await until(`${name}: I am a`);
  nodes.get(names[0]).stdin.write(`${steps.typed}\n`);
  // The number of an entry depends on how many terms there have been.
  for (const line of steps.printed) await until(line.replace(/\d+$/, ''));

  // The paragraph below the output.
  const [first, , last] = names;
  nodes.get(last).kill('SIGINT');
  await until(`${first}: ${last} has failed`);
  nodes.get(first).stdin.write('more\n');
  await until(`${first}: a majority holds "more"`);
  nodes.set(last, run(commands[2]));
  await until(`${last}: got "more"`);
  console.log(`${seconds()}  all as the README says: a cluster of three with a replicated log`);
  console.log(`1 passed, 0 failed`);
} catch (error) {
  console.error(`FAILED: ${error.message}\n${error.stderr ?? ''}`);
  console.log(`0 passed, 1 failed`);
  process.exitCode = 1;
} finally {
  for (const node of nodes.values()) node.kill('SIGKILL');
  await Promise.all([...nodes.values()].map((node) => node.gone));
  rmSync(folder, { recursive: true, force: true });
}

/** The blocks of the README's quick start. */
function quickStart() {
  const readme = readFileSync(`${root}README.md`, 'utf8');
  const section = readme.split('\n## Quick start\n')[1].split('\n## ')[0];
  const blocks = [...section.matchAll(/^```\w+\n([\s\S]*?)^```/gm)].map(([, code]) => code);
  const [install, program, run, printed] = blocks;
  const linesOf = (text) => text.split('\n').filter(Boolean);
  return {
    install: linesOf(install),
    file: /Save this as `([^`]+)`/.exec(section)[1],
    program,
    run: linesOf(run),
    typed: /Type `([^`]+)` into the first/.exec(section)[1],
    printed: linesOf(printed),
  };
}

/** The tarball of one of our packages, and those of our packages that it depends on. */
function tarballsOf(argument) {
  const wanted = new Set();
  const add = (name) => {
    const found = published.find(({ manifest }) => manifest.name === name);
    if (!found || wanted.has(name)) return;
    wanted.add(name);
    for (const dependency of Object.keys(found.manifest.dependencies ?? {})) add(dependency);
  };
  add(argument);
  if (wanted.size === 0) return [argument];
  return [...wanted].map((name) => tarballs.get(name));
}

/** Starts a node in the folder. Prints and keeps its output. */
function run(command) {
  console.log(`${seconds()}  $ ${command}`);
  const [file, ...args] = command.split(' ');
  const child = spawn(file, args, { cwd: folder, stdio: 'pipe' });
  child.gone = new Promise((resolve) => child.once('close', resolve));
  child.stdin.on('error', () => {});
  child.stderr.setEncoding('utf8').on('data', (text) => take(text));
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop();
    for (const line of parts) take(line);
  });
  return child;
}

function take(line) {
  console.log(`${seconds()}    ${line}`);
  lines.push(line);
  wake();
}

/** Waits for a line with this prefix. */
async function until(line) {
  const end = start + PATIENCE;
  const timer = setTimeout(() => wake(), PATIENCE);
  try {
    while (!lines.some((each) => each.startsWith(line))) {
      if (performance.now() > end) throw new Error(`not seen in ${PATIENCE} ms: ${line}`);
      await new Promise((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    clearTimeout(timer);
  }
}

/** A free port for each port in the commands. */
async function freePorts(commands) {
  const ports = new Map();
  for (const port of new Set(commands.flatMap((command) => command.match(/\b70\d\d\b/g)))) {
    ports.set(port, String(await freePort()));
  }
  return ports;
}
