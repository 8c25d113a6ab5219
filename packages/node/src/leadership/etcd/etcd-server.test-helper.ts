import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BINARY = 'etcd';
const CLIENT = 'etcdctl';

/** Whether etcd is installed. CI demands it by SHOAL_REQUIRE_ETCD=1, and fails without. */
export function etcdInstalled(): boolean {
  const found = spawnSync(BINARY, ['--version']).status === 0;
  if (!found && process.env['SHOAL_REQUIRE_ETCD'] === '1') {
    throw new Error('etcd is missing, and SHOAL_REQUIRE_ETCD=1: install etcd-server');
  }
  if (!found) console.warn('etcd is not installed: the tests with it are skipped');
  return found;
}

async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** An etcd of one member, on this machine, that can be stopped and started again. */
export class EtcdServer {
  url = '';
  readonly #directory = mkdtempSync(join(tmpdir(), 'shoal-etcd-'));
  #peer = '';
  #child: ChildProcess | undefined;

  async start(): Promise<void> {
    if (this.url === '') {
      this.url = `http://127.0.0.1:${await freePort()}`;
      this.#peer = `http://127.0.0.1:${await freePort()}`;
    }
    this.#child = spawn(
      BINARY,
      [
        ...['--name', 'test', '--data-dir', this.#directory],
        ...['--listen-client-urls', this.url, '--advertise-client-urls', this.url],
        ...['--listen-peer-urls', this.#peer, '--initial-advertise-peer-urls', this.#peer],
        ...['--initial-cluster', `test=${this.#peer}`],
      ],
      { stdio: 'ignore' },
    );
    for (;;) {
      const healthy = await fetch(`${this.url}/health`).then(
        (response) => response.ok,
        () => false,
      );
      if (healthy) return;
      if (this.#child.exitCode !== null) throw new Error(`etcd ended: ${this.#child.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Runs etcdctl, which prints JSON or text. */
export function etcdctl(url: string, ...args: string[]): string {
  const { stdout, stderr, status } = spawnSync(CLIENT, [`--endpoints=${url}`, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ETCDCTL_API: '3' },
  });
  if (status !== 0) throw new Error(`etcdctl ${args.join(' ')}: ${stderr}`);
  return stdout;
}
