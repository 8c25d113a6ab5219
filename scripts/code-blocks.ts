import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';

/** A fenced block of a page. */
export interface CodeBlock {
  readonly language: string;
  readonly code: string;
  /** The heading that it stands under. */
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
 * What a block says that it prints: the comment behind each `console.log`, the comments on the lines
 * right below one, and those at the end of the block.
 */
export function promisedOutput(code: string): string[] {
  const promised: string[] = [];
  let printing = false;
  const lines = code.trimEnd().split('\n');
  const end = lines.findLastIndex((line) => !/^\/\/ /.test(line));
  for (const [i, line] of lines.entries()) {
    const behind = /console\.log\(.*\); \/\/ (.*)$/.exec(line);
    const below = /^\s*\/\/ (.*)$/.exec(line);
    if (behind) promised.push(behind[1]!);
    else if (below && (printing || i > end)) promised.push(below[1]!);
    printing = /console\.log\(/.test(line) || (printing && below !== null);
  }
  return promised;
}

export interface RunOptions {
  /** Where packages are looked for, and where the program runs: the folder of a package. */
  readonly folder: URL;
  /** Code to come before the block: what the page takes for granted. */
  readonly prelude?: string;
}

/**
 * Runs a block as a program of its own, as a reader would, and resolves with the lines that it
 * prints. Rejects when it fails, or writes to the standard error.
 */
export async function runBlock(code: string, options: RunOptions): Promise<string[]> {
  const source = `${options.prelude ?? ''}\n${code}`;
  // Types are taken off, and what Node 20 does not know yet, such as `await using`.
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
    throw new Error(`it ended with ${status}\n${stdout}${stderr}\n${source}`);
  }
  return stdout.split('\n').slice(0, -1);
}
