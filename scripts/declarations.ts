// The declarations of a package. Types are not checked here (`npm run typecheck` does that), so that it
// builds in two seconds.
import ts from 'typescript';

/** Writes the declarations of the package in the working directory, with maps, to dist/. */
export function writeDeclarations(): void {
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
  throw new Error(ts.formatDiagnosticsWithColorAndContext(problems, host));
}

/** Rewrites './file.ts' to './file.js': consumers have no .ts files beside the declarations. */
function importFromJs(context: ts.TransformationContext) {
  const visit = (node: ts.Node): ts.Node =>
    ts.isStringLiteral(node) && /^\.\.?\/.*\.ts$/.test(node.text)
      ? context.factory.createStringLiteral(node.text.replace(/\.ts$/, '.js'), true)
      : ts.visitEachChild(node, visit, context);
  return <File extends ts.SourceFile | ts.Bundle>(file: File): File =>
    ts.visitEachChild(file, visit, context);
}
