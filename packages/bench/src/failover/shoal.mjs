// Shoal with its default settings: the voters elect a leader themselves.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../../../scripts/free-port.mjs';
import { call } from './http.mjs';
import { Servers } from './servers.mjs';
import { commonLeader, following } from './status.mjs';
import { SERVERS } from './system.mjs';

/** @import { FailoverSystem } from './system.mjs' */

const SCRIPT = fileURLToPath(new URL('shoal-server.mjs', import.meta.url));

/** The HTTP status of `not-leader`. */
const NOT_LEADER = 409;

const nameOf = (server) => `server-${server}`;

/** @implements {FailoverSystem} */
export class Shoal {
  name = 'Shoal';
  goals = { kill: { median: 400, max: 1000 } };
  #servers;
  #addresses = [];
  #urls = [];
  /** The VLSN of the last write that was acknowledged. */
  #vlsn = 0;

  missing() {
    return existsSync(fileURLToPath(import.meta.resolve('@shoal/node')))
      ? undefined
      : '@shoal/node is not built';
  }

  async start() {
    this.#servers = new Servers(process.execPath);
    for (const server of SERVERS) {
      this.#addresses[server] = `127.0.0.1:${await freePort()}`;
      this.#urls[server] = `127.0.0.1:${await freePort()}`;
    }
    for (const server of SERVERS) this.#spawn(server);
  }

  leader() {
    return commonLeader((server) => this.#status(server));
  }

  async write(server, value) {
    const { index } = await this.#call(server, 'value', { method: 'PUT', body: value });
    this.#vlsn = Math.max(this.#vlsn, index);
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

  async transfer(server) {
    await this.#call(server, 'transfer', { method: 'POST' });
  }

  isRefusal({ status }) {
    return status === NOT_LEADER;
  }

  async restart(server) {
    this.#spawn(server);
    await this.#follows(server);
  }

  stop() {
    this.#servers?.stop();
  }

  #spawn(server) {
    const seeds = this.#addresses.filter((_, other) => other !== server);
    this.#servers.spawn(server, [
      ...[SCRIPT, nameOf(server), this.#addresses[server]],
      ...[join(this.#servers.directory, String(server)), this.#urls[server]],
      ...[SERVERS.map(nameOf).join(','), ...seeds],
    ]);
  }

  #follows(server) {
    return following((one) => this.#status(one), server, this.#vlsn);
  }

  async #status(server) {
    this.#servers.check(server);
    const { leader, applied } = await this.#call(server, 'status');
    return { id: nameOf(server), leader: leader === '' ? undefined : leader, applied };
  }

  #call(server, path, options) {
    return call(`http://${this.#urls[server]}/${path}`, options);
  }
}
