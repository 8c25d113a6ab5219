// The graph of the published packages, read from their manifests and their sources.
import { readdirSync, readFileSync } from 'node:fs';
import { published, root } from './packages.mjs';

/** Entries that are a layer of their own: what runs a core with real timers and sockets. */
const PART = 'driver';
const SCOPE = '@shoal/';

/**
 * Who imports whom: `{ name, description, imports: Map<name, { types: boolean }> }` for each package
 * and for each driver, which is named like `membership/driver`. Throws if the manifests and the
 * sources disagree.
 */
export function packageGraph() {
  const nodes = new Map();
  for (const { path, manifest } of published) {
    const name = manifest.name.slice(SCOPE.length);
    const sources = sourcesOf(`${root}${path}/src/`);
    const isPart = (file) => file === `${PART}.ts` || file.startsWith(`${PART}/`);
    const core = sources.filter(({ file }) => !isPart(file));
    const part = sources.filter(({ file }) => isPart(file));
    nodes.set(name, { name, imports: importsOf(name, core) });
    if (part.length > 0) {
      const imports = importsOf(name, part);
      imports.set(name, { types: false });
      nodes.set(`${name}/${PART}`, { name: `${name}/${PART}`, imports });
    }
    checkManifest(manifest, name, nodes);
  }
  return [...nodes.values()];
}

function sourcesOf(folder) {
  return readdirSync(folder, { recursive: true })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => /\.tsx?$/.test(file) && !/\.(test|test-helper)\.ts$/.test(file))
    .map((file) => ({ file, text: readFileSync(folder + file, 'utf8') }));
}

/** What these sources import of other packages; `types` where every import is of types only. */
function importsOf(own, sources) {
  const imports = new Map();
  const statement =
    /^(?:import|export) (type )?[^'";]*? ?from '@shoal\/([^']+)'|import\('@shoal\/([^']+)'\)/gms;
  for (const { text } of sources) {
    for (const [, type, stated, dynamic] of text.matchAll(statement)) {
      const [name, entry] = (stated ?? dynamic).split('/');
      const target = entry === PART ? `${name}/${PART}` : name;
      if (target === own) continue;
      const types = type !== undefined && (imports.get(target)?.types ?? true);
      imports.set(target, { types });
    }
  }
  return imports;
}

function checkManifest(manifest, name, nodes) {
  const of = (key) => [...(nodes.get(key)?.imports.keys() ?? [])].map((n) => n.split('/')[0]);
  const imported = new Set([...of(name), ...of(`${name}/${PART}`)]);
  imported.delete(name);
  const stated = Object.keys(manifest.dependencies ?? {})
    .filter((dependency) => dependency.startsWith(SCOPE))
    .map((dependency) => dependency.slice(SCOPE.length));
  const [a, b] = [[...imported].sort().join(', '), stated.sort().join(', ')];
  if (a !== b) throw new Error(`${manifest.name} imports ${a || 'nothing'}, but depends on ${b}`);
}
