// Writes the Mermaid diagram of the packages into docs/README.md. With --check it fails if the diagram
// there is not the one that the dependencies in the manifests give.
import { readFileSync, writeFileSync } from 'node:fs';
import { published, root } from './packages.mjs';

const file = `${root}docs/README.md`;
const imports = new Map(
  published.map(({ manifest }) => [manifest.name, Object.keys(manifest.dependencies ?? {})]),
);
const ofShoal = (name) => imports.get(name).filter((other) => imports.has(other));
const reaches = (from, to) => from === to || ofShoal(from).some((next) => reaches(next, to));
/** Without those that another import brings anyway: the arrows that remain can be followed. */
const direct = (name) =>
  ofShoal(name).filter((to) => !ofShoal(name).some((via) => via !== to && reaches(via, to)));

const short = (name) => name.replace('@shoal/', '');
const arrows = published.flatMap(({ manifest: { name } }) =>
  direct(name).map((to) => `  ${short(name)} --> ${short(to)}`),
);
const diagram = ['```mermaid', 'flowchart TD', ...arrows, '```'].join('\n');
const before = readFileSync(file, 'utf8');
const after = before.replace(/^```mermaid\n.*?^```/ms, diagram);
if (!process.argv.includes('--check')) writeFileSync(file, after);
else if (after !== before) throw new Error('Out of date: run `node scripts/package-diagram.mjs`');
