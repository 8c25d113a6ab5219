import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { CaseResult } from './case-runner.ts';
import { findChromium, launchChromium } from './chromium.ts';
import { CLIENT_SUITES, type RunHost, SERVE, SERVER_SUITES } from './run-host.ts';
import { findRuntime } from './runtimes.ts';

/** A JavaScript platform other than Node. */
export interface Platform {
  readonly name: string;
  /** Prepares the platform. Rejects with the reason if it is not available. */
  open(): Promise<OpenPlatform>;
}

export interface OpenPlatform {
  readonly version: string;
  /** Runs the suites. Rejects if the platform fails before they are done. */
  run(host: RunHost, onCase: (result: CaseResult) => void): Promise<void>;
}

const chromium: Platform = {
  name: 'Chromium',
  async open() {
    const path = findChromium();
    if (path === undefined) {
      throw new Error('Chromium was not found: install it, or set SHOAL_CHROMIUM to its path');
    }
    const browser = await launchChromium(path);
    return {
      version: browser.version(),
      async run(host) {
        try {
          const page = await browser.newPage();
          const failed = new Promise<never>((_, reject) => {
            page.on('pageerror', reject);
            page.on('crash', () => reject(new Error('the page crashed')));
            browser.on('disconnected', () => reject(new Error('the browser exited')));
          });
          failed.catch(() => {});
          await Promise.race([failed, page.goto(host.page).then(() => host.done)]);
        } finally {
          await browser.close();
        }
      },
    };
  },
};

function runtime(name: 'bun' | 'deno', title: string, before: readonly string[]): Platform {
  return {
    name: title,
    async open() {
      const path = await findRuntime(name);
      const version = await output(path, ['--version']);
      return {
        version: /\d+\.\d+\.\d+/.exec(version)?.[0] ?? version,
        async run({ control }) {
          for (const suites of [CLIENT_SUITES, SERVER_SUITES]) {
            await output(path, [...before, fileURLToPath(suites), control]);
          }
        },
      };
    },
  };
}

/** A runtime that serves, while the suites run in Node. */
function server(name: 'bun' | 'deno', title: string, before: readonly string[]): Platform {
  return {
    name: title,
    async open() {
      const path = await findRuntime(name);
      const version = await output(path, ['--version']);
      return {
        version: /\d+\.\d+\.\d+/.exec(version)?.[0] ?? version,
        async run(_host, onCase) {
          const child = spawn(path, [...before, fileURLToPath(SERVE)], {
            stdio: ['ignore', 'pipe', 'inherit'],
          });
          try {
            const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
            const control = await next(lines);
            // Node 20 has a WebSocket, but only if asked.
            const flags = ['--experimental-websocket', '--no-warnings'];
            const suites = output(process.execPath, [
              ...flags,
              fileURLToPath(CLIENT_SUITES),
              control,
            ]);
            suites.catch(() => child.kill());
            for (let line = await lines.next(); !line.done; line = await lines.next()) {
              onCase(JSON.parse(line.value));
            }
            await suites;
          } finally {
            child.kill();
          }
        },
      };
    },
  };
}

async function next(lines: AsyncIterator<string>): Promise<string> {
  const { value, done } = await lines.next();
  if (done) throw new Error('the server exited');
  return JSON.parse(value);
}

/** Runs a program and resolves with its output. Rejects with the output if the program fails. */
async function output(path: string, args: readonly string[]): Promise<string> {
  const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  const [code, signal] = await once(child, 'close');
  if (code === 0) return text;
  throw new Error(`${path} exited with ${signal ?? code}: ${text.trim()}`);
}

export const PLATFORMS: readonly Platform[] = [
  chromium,
  runtime('bun', 'Bun', ['run']),
  runtime('deno', 'Deno', ['run', '--allow-all', '--node-modules-dir=manual', '--quiet']),
  server('bun', 'Bun-server', ['run']),
];
