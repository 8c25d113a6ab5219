// Writes the API reference of every published package and entry to docs/api. Fails on any warning.
import { existsSync } from 'node:fs';
import { Application, ReflectionKind } from 'typedoc';
import { published, root } from './packages.mjs';

/** The source of each entry, by the name under which users import it. */
const entries = new Map();
for (const { path, manifest } of published) {
  for (const [subpath, conditions] of Object.entries(manifest.exports)) {
    if (typeof conditions === 'string') continue;
    const name = subpath === '.' ? 'index' : subpath.slice(2);
    const source = [`${name}.ts`, `${name}/index.ts`, `driver/${name}.ts`]
      .map((file) => `${path}/src/${file}`)
      .find((file) => existsSync(root + file));
    if (!source) throw new Error(`no source for ${manifest.name}${subpath.slice(1)}`);
    entries.set(manifest.name + subpath.slice(1), source);
  }
}

const app = await Application.bootstrap({
  name: 'Shoal',
  entryPoints: [...entries.values()].map((file) => root + file),
  tsconfig: `${root}tsconfig.docs.json`,
  // From source to source, so that links lead from package to package.
  compilerOptions: {
    paths: Object.fromEntries([...entries].map(([name, file]) => [name, [root + file]])),
  },
  readme: `${root}docs/README.md`,
  out: `${root}docs/api`,
  gitRevision: 'main',
  sourceLinkTemplate: 'https://github.com/shoal-ts/shoal/blob/{gitRevision}/{path}#L{line}',
  disableGit: true,
  basePath: root,
  excludeInternal: true,
  excludePrivate: true,
  sort: ['source-order'],
  treatWarningsAsErrors: true,
  validation: { notExported: true, invalidLink: true, notDocumented: false },
});
const project = await app.convert();
if (project && app.logger.errorCount + app.logger.warningCount === 0) {
  for (const module of project.getChildrenByKind(ReflectionKind.Module)) {
    const file = module.sources[0].fileName;
    module.name = [...entries].find(([, source]) => source === file)[0];
  }
  app.validate(project);
  await app.generateOutputs(project);
}
if (app.logger.errorCount + app.logger.warningCount > 0) process.exitCode = 1;
