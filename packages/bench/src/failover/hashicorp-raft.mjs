// github.com/hashicorp/raft in its default configuration, in the program raft-node of packages/interop.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../../../scripts/free-port.mjs';
import { call } from './http.mjs';
import { Servers } from './servers.mjs';
import { commonLeader, following } from './status.mjs';
import { SERVERS } from './system.mjs';

/** @import { FailoverSystem } from './system.mjs' */

const MODULE = new URL('../../../interop/go/', import.meta.url);
const BINARY = 'dist/raft-node';

const idOf = (server) => `server-${server}`;

/** @implements {FailoverSystem} */
export class HashicorpRaft {
  name = 'hashicorp/raft';
  #servers;
  #urls = [];
  #addresses = [];
  /** The index of the last write that was acknowledged. */
  #index = 0;

  missing() {
    const args = ['build', '-trimpath', '-buildvcs=false', '-o', BINARY, './raft-node'];
    const { error, status } = spawnSync('go', args, { cwd: MODULE, stdio: 'inherit' });
    if (error) return 'go is missing';
    if (status !== 0) return 'go could not build raft-node';
    const required = readFileSync(new URL('go.mod', MODULE), 'utf8');
    const [, version] = /hashicorp\/raft v(\S+)/.exec(required) ?? [];
    if (version !== undefined) this.name = `hashicorp/raft ${version}`;
    return undefined;
  }

  async start() {
    this.#servers = new Servers(fileURLToPath(new URL(BINARY, MODULE)));
    for (const server of SERVERS) {
      this.#urls[server] = `127.0.0.1:${await freePort()}`;
      this.#addresses[server] = `127.0.0.1:${await freePort()}`;
    }
    for (const server of SERVERS) this.#spawn(server);
  }

  leader() {
    return commonLeader((server) => this.#status(server));
  }

  async write(server, value) {
    const url = `http://${this.#urls[server]}/value`;
    const { index } = await call(url, { method: 'PUT', body: value });
    this.#index = index;
  }

  kill(server) {
    return this.#servers.kill(server);
  }

  pause(server) {
    this.#servers.signal(server, 'SIGSTOP');
  }

  async resume(server) {
    this.#servers.signal(server, 'SIGCONT');
    await this.#follows(server);
  }

  async restart(server) {
    this.#spawn(server);
    await this.#follows(server);
  }

  stop() {
    this.#servers?.stop();
  }

  #spawn(server) {
    const servers = SERVERS.map((one) => `${idOf(one)}=${this.#addresses[one]}`);
    this.#servers.spawn(server, [
      ...['--id', idOf(server), '--servers', servers.join(',')],
      ...['--data', join(this.#servers.directory, String(server))],
      ...['--http', this.#urls[server]],
    ]);
  }

  #follows(server) {
    return following((one) => this.#status(one), server, this.#index);
  }

  async #status(server) {
    this.#servers.check(server);
    const { leader, applied } = await call(`http://${this.#urls[server]}/status`);
    return { id: idOf(server), leader: leader === '' ? undefined : leader, applied };
  }
}
