import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';

/** A fenced block of a page. */
export interface CodeBlock {
  readonly language: string;
  readonly code: string;
  /** The nearest heading above it. */
  readonly heading: string;
}

/** The fenced blocks of a Markdown page, in order. */
export function codeBlocks(markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let heading = '';
  let open: { fence: string; language: string; lines: string[] } | undefined;
  for (const line of markdown.split('\n')) {
    const fence = /^(`{3,})(\w*)/.exec(line);
    if (open) {
      if (line === open.fence) {
        const { language, lines } = open;
        blocks.push({ language, heading, code: lines.map((each) => `${each}\n`).join('') });
        open = undefined;
      } else open.lines.push(line);
    } else if (fence) open = { fence: fence[1]!, language: fence[2]!, lines: [] };
    else heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading;
  }
  return blocks;
}

/**
 * The output that a block claims: the comment after each `console.log`, the comment lines directly
 * below one, and those at the end of the block.
 */
export function expectedOutput(code: string): string[] {
  const expected: string[] = [];
  let printing = false;
  const lines = code.trimEnd().split('\n');
  const end = lines.findLastIndex((line) => !/^\/\/ /.test(line));
  for (const [i, line] of lines.entries()) {
    const behind = /console\.log\(.*\); \/\/ (.*)$/.exec(line);
    const below = /^\s*\/\/ (.*)$/.exec(line);
    if (behind) expected.push(behind[1]!);
    else if (below && (printing || i > end)) expected.push(below[1]!);
    printing = /console\.log\(/.test(line) || (printing && below !== null);
  }
  return expected;
}

export interface RunOptions {
  /** The folder of a package: where the program runs and finds its imports. */
  readonly folder: URL;
  /** Code that runs before the block: what the page takes for granted. */
  readonly prelude?: string;
}

/**
 * Runs a block as a program, as a reader would, and resolves with the lines that it prints. Rejects
 * if it fails or writes to standard error.
 */
export async function runBlock(code: string, options: RunOptions): Promise<string[]> {
  const source = `${options.prelude ?? ''}\n${code}`;
  // Removes types, and compiles syntax that Node 20 lacks, such as `await using`.
  const program = await transform(source, { loader: 'ts', format: 'esm', target: 'node20' });
  const child = spawn(process.execPath, ['--input-type=module', '-'], {
    cwd: fileURLToPath(options.folder),
    stdio: 'pipe',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.end(program.code);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (status !== 0 || stderr !== '') {
    throw new Error(`the block exited with ${status}\n${stdout}${stderr}\n${source}`);
  }
  return stdout.split('\n').slice(0, -1);
}
