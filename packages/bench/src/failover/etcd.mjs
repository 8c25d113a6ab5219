// etcd as it comes. Its JSON gateway is used, so that no client must be installed.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { freePort } from '../../../../scripts/free-port.mjs';
import { call } from './http.mjs';
import { Servers } from './servers.mjs';
import { commonLeader, following } from './status.mjs';
import { SERVERS } from './system.mjs';

/** @import { FailoverSystem } from './system.mjs' */

const BINARY = 'etcd';
/** What etcd calls a leader that it does not know. */
const NONE = '0';

const base64 = (text) => Buffer.from(text).toString('base64');

/** @implements {FailoverSystem} */
export class Etcd {
  name = 'etcd';
  #servers;
  #clients = [];
  #peers = [];
  /** The revision of the last write that was acknowledged. */
  #revision = 0;

  missing() {
    const { stdout, error } = spawnSync(BINARY, ['--version'], { encoding: 'utf8' });
    if (error) return 'etcd is missing';
    const [, version] = /etcd Version: (\S+)/.exec(stdout) ?? [];
    if (version !== undefined) this.name = `etcd ${version}`;
    return undefined;
  }

  async start() {
    this.#servers = new Servers(BINARY);
    for (const server of SERVERS) {
      this.#clients[server] = `http://127.0.0.1:${await freePort()}`;
      this.#peers[server] = `http://127.0.0.1:${await freePort()}`;
    }
    for (const server of SERVERS) this.#spawn(server);
  }

  leader() {
    return commonLeader((server) => this.#status(server));
  }

  async write(server, value) {
    // A follower passes a write on to the leader that it knows, and waits even if that one is dead.
    const { id, leader } = await this.#status(server);
    if (leader !== id) throw new Error(`server ${server} does not lead`);
    const { header } = await this.#post(server, 'kv/put', {
      key: base64('failover'),
      value: base64(value),
    });
    this.#revision = Number(header.revision);
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
    const client = this.#clients[server];
    const peer = this.#peers[server];
    const cluster = SERVERS.map((one) => `server-${one}=${this.#peers[one]}`);
    this.#servers.spawn(server, [
      ...['--name', `server-${server}`],
      ...['--data-dir', join(this.#servers.directory, String(server))],
      ...['--listen-client-urls', client, '--advertise-client-urls', client],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ...['--initial-cluster', cluster.join(',')],
    ]);
  }

  #follows(server) {
    return following((one) => this.#status(one), server, this.#revision);
  }

  async #status(server) {
    this.#servers.check(server);
    const { header, leader = NONE } = await this.#post(server, 'maintenance/status', {});
    return {
      id: header.member_id,
      leader: leader === NONE ? undefined : leader,
      applied: Number(header.revision),
    };
  }

  #post(server, path, body) {
    const options = { method: 'POST', body: JSON.stringify(body) };
    return call(`${this.#clients[server]}/v3/${path}`, options);
  }
}
