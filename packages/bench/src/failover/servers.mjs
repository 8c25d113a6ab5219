// The processes of a system, and the directory that they keep their stores in.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How much of what a server logs is kept for errors, in characters. */
const KEPT = 4000;

const running = new Set();
process.on('exit', () => {
  for (const servers of running) servers.stop();
});
// Without these, the signals would end this process and leave the servers running.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

/** Starts and kills servers. None of them outlives this process, unless it gets a SIGKILL. */
export class Servers {
  /** The directory for the stores of all servers. */
  directory = mkdtempSync(join(tmpdir(), 'shoal-failover-'));
  #command;
  #children = new Map();

  constructor(command) {
    this.#command = command;
    running.add(this);
  }

  spawn(server, args) {
    // A server that watches its standard input ends with this process, whatever happens.
    const child = spawn(this.#command, args, { stdio: ['pipe', 'ignore', 'pipe'] });
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      log = (log + text).slice(-KEPT);
    });
    child.on('error', (error) => {
      log += error.message;
    });
    this.#children.set(server, { child, log: () => log });
  }

  /** Throws if a server has ended although nobody killed it. */
  check(server) {
    const { child, log } = this.#children.get(server);
    const code = child.exitCode ?? child.signalCode;
    if (code !== null) throw new Error(`server ${server} ended with ${code}:\n${log()}`);
  }

  /** Sends SIGKILL before it returns. Resolves when the process is gone. */
  async kill(server) {
    this.check(server);
    const { child } = this.#children.get(server);
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  signal(server, signal) {
    this.check(server);
    this.#children.get(server).child.kill(signal);
  }

  stop() {
    running.delete(this);
    for (const { child } of this.#children.values()) child.kill('SIGKILL');
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 10 });
  }
}
