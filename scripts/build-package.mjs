// Builds the package in the working directory. Its entries are the `exports` of its package.json, where
// ./dist/PATH.js is made of src/PATH.ts. dist/ gets modules with source maps and declarations with
// declaration maps; both maps lead to src/, which is shipped too.
// Types are not checked here (`npm run typecheck` does that), so that a package builds in two seconds.
import { readFileSync, rmSync } from 'node:fs';
import { rolldown } from 'rolldown';
import ts from 'typescript';

const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
rmSync('dist', { recursive: true, force: true });
await buildModules();
buildDeclarations();

async function buildModules() {
  const input = {};
  for (const { default: file } of Object.values(exports)) {
    const path = /^\.\/dist\/(.+)\.js$/.exec(file)?.[1];
    if (path) input[path] = `src/${path}.ts`;
  }
  const bundle = await rolldown({
    input,
    external: /^[^./]/, // whatever is not a file of this package
    platform: 'neutral',
    optimization: { inlineConst: false }, // so that constants keep their names
  });
  await bundle.write({ dir: 'dist', sourcemap: true, chunkFileNames: 'shared/[name].js' });
  await bundle.close();
}

function buildDeclarations() {
  const config = {
    extends: '../../tsconfig.base.json',
    compilerOptions: {
      noEmit: false,
      emitDeclarationOnly: true,
      declarationMap: true,
      rootDir: 'src',
      outDir: 'dist',
      // `isolatedDeclarations` lets each file be written without a look at any other.
      noCheck: true,
      noResolve: true,
      lib: ['es2023', 'esnext.disposable'],
    },
    include: ['src'],
    exclude: ['**/*.test.ts', '**/*.test-helper.ts'],
  };
  const { fileNames, options, errors } = ts.parseJsonConfigFileContent(
    config,
    ts.sys,
    process.cwd(),
  );
  const program = ts.createProgram(fileNames, options);
  const { diagnostics } = program.emit(undefined, undefined, undefined, true, {
    afterDeclarations: [importFromJs],
  });
  const problems = [...errors, ...program.getSyntacticDiagnostics(), ...diagnostics];
  if (problems.length === 0) return;
  const host = ts.createCompilerHost(options);
  console.error(ts.formatDiagnosticsWithColorAndContext(problems, host));
  process.exitCode = 1;
}

/** Rewrites './file.ts' to './file.js': consumers have no .ts files beside the declarations. */
function importFromJs(context) {
  const visit = (node) =>
    ts.isStringLiteral(node) && /^\.\.?\/.*\.ts$/.test(node.text)
      ? context.factory.createStringLiteral(node.text.replace(/\.ts$/, '.js'), true)
      : ts.visitEachChild(node, visit, context);
  return (file) => ts.visitEachChild(file, visit, context);
}
