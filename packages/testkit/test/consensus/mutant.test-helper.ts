import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type {
  CheckBounds,
  CheckLimits,
  ConsensusClass,
  WalkLimits,
} from '../../src/checker/index.ts';

const PACKAGES = fileURLToPath(new URL('../../../', import.meta.url));

/** The core, and the checker whose model of a driver it runs in. */
export interface Subject {
  readonly Consensus: ConsensusClass;
  readonly checker: typeof import('../../src/checker/index.ts');
}

/** A text of the sources that is replaced. It occurs once. */
export interface Change {
  /** The file, from `packages/`. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** A rule of the protocol that somebody has broken. */
export interface Mutant {
  /** As numbered in `docs/consensus.md`. */
  readonly rule: string;
  /** What is wrong. */
  readonly what: string;
  /** Whether it is found within about a second. */
  readonly quick?: boolean | undefined;
  readonly changes: readonly Change[];
  readonly bounds: CheckBounds;
  /** How to find it: the nearest states first, up to so many; by walking; or on a known way. */
  readonly search: CheckLimits | WalkLimits | { readonly trace: readonly string[] };
}

/** Compiles the real sources, with these changes. */
export async function subjectWith(changes: readonly Change[]): Promise<Subject> {
  const sources = new Map<string, string>();
  for (const { file, from, to } of changes) {
    const path = join(PACKAGES, file);
    sources.set(
      path,
      replaced(sources.get(path) ?? readFileSync(path, 'utf8'), { file, from, to }),
    );
  }
  const { outputFiles } = await build({
    stdin: {
      contents: `export { Consensus } from './consensus/src/index.ts';
        export * as checker from './testkit/src/checker/index.ts';`,
      resolveDir: PACKAGES,
    },
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    plugins: [
      {
        name: 'mutant',
        setup: ({ onLoad }) => {
          onLoad({ filter: /\.ts$/ }, ({ path }) => {
            const contents = sources.get(path);
            return contents === undefined ? undefined : { contents, loader: 'ts' };
          });
        },
      },
    ],
  });
  const code = Buffer.from(outputFiles[0]!.text).toString('base64');
  return import(/* @vite-ignore */ `data:text/javascript;base64,${code}`);
}

function replaced(text: string, { file, from, to }: Change): string {
  const parts = text.split(from);
  if (parts.length !== 2) {
    throw new Error(`${file} holds the text ${parts.length - 1} times, not once: ${from}`);
  }
  return parts.join(to);
}
