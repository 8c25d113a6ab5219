// Writes the API reference of every published package and entry to docs/api. Fails on any warning.
import { Application, ReflectionKind } from 'typedoc';
import { entriesOf, published, root } from './packages.mjs';

/** The source of each entry, by the name under which users import it. */
const entries = new Map(published.flatMap(entriesOf).map(({ id, source }) => [id, source]));

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
