import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../../../scripts/free-port.mjs';

const BINARY = 'etcd';

/** Whether etcd is installed. With SHOAL_REQUIRE_ETCD=1, as in CI, throws if it is not. */
export function etcdInstalled(): boolean {
  const found = spawnSync(BINARY, ['--version']).status === 0;
  if (!found && process.env['SHOAL_REQUIRE_ETCD'] === '1') {
    throw new Error('SHOAL_REQUIRE_ETCD=1, but etcd is not installed: install etcd-server');
  }
  if (!found) console.warn('etcd is not installed: its tests are skipped');
  return found;
}

/** A local etcd with one member, which can be stopped and started again. */
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
      if (this.#child.exitCode !== null)
        throw new Error(`etcd exited with code ${this.#child.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** The revision at which a key was created. */
  async createRevision(key: string): Promise<bigint> {
    const { kvs } = await this.#call('/v3/kv/range', key);
    return BigInt(kvs![0]!.create_revision);
  }

  async delete(key: string): Promise<void> {
    await this.#call('/v3/kv/deleterange', key);
  }

  /** Over the JSON gateway, so that no client of etcd must be installed. */
  async #call(path: string, key: string): Promise<{ kvs?: { create_revision: string }[] }> {
    const response = await fetch(this.url + path, {
      method: 'POST',
      body: JSON.stringify({ key: Buffer.from(key).toString('base64') }),
    });
    if (!response.ok) throw new Error(`etcd: ${path}: ${response.status}`);
    return response.json() as Promise<{ kvs?: { create_revision: string }[] }>;
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
