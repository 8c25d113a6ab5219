// The declarations of a package. Types are not checked here (`npm run typecheck` does that), so that it
// builds in two seconds.
import ts from 'typescript';

/** The names of `esnext.disposable`, which neither ES2022 nor the web library declares. */
const DISPOSABLE = new Set(['Disposable', 'AsyncDisposable', 'dispose', 'asyncDispose']);

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
    afterDeclarations: [completeDeclarations],
  });
  const problems = [...errors, ...program.getSyntacticDiagnostics(), ...diagnostics];
  if (problems.length === 0) return;
  const host = ts.createCompilerHost(options);
  throw new Error(ts.formatDiagnosticsWithColorAndContext(problems, host));
}

/**
 * Makes declarations that compile for every consumer: './file.ts', which is not shipped beside them,
 * becomes './file.js', and each file references the type libraries that it needs.
 */
function completeDeclarations(context: ts.TransformationContext) {
  return <File extends ts.SourceFile | ts.Bundle>(file: File): File => {
    const libraries = new Set<string>();
    const types = new Set<string>();
    const visit = (node: ts.Node): ts.Node => {
      if (ts.isIdentifier(node) && DISPOSABLE.has(node.text)) libraries.add('esnext.disposable');
      if (ts.isStringLiteral(node) && node.text.startsWith('node:')) types.add('node');
      return ts.isStringLiteral(node) && /^\.\.?\/.*\.ts$/.test(node.text)
        ? context.factory.createStringLiteral(node.text.replace(/\.ts$/, '.js'), true)
        : ts.visitEachChild(node, visit, context);
    };
    const visited = ts.visitEachChild(file, visit, context);
    if (!ts.isSourceFile(visited)) return visited;
    const { statements } = visited;
    return context.factory.updateSourceFile(
      visited,
      statements,
      true,
      [],
      references(types),
      false,
      references(libraries),
    ) as typeof visited;
  };
}

function references(names: Iterable<string>): ts.FileReference[] {
  return [...names].map((fileName) => ({ fileName, pos: -1, end: -1 }));
}
