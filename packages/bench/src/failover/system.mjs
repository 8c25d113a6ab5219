/**
 * A system whose failover is measured: three servers on loopback, numbered from 0, each in a process
 * of its own. To measure another one, implement this in a file of its own and list it in
 * `../failover.mjs`. `servers.mjs`, `http.mjs` and `status.mjs` help.
 *
 * @typedef {object} FailoverSystem
 *
 * @property {string} name
 * What the table calls it, with its version.
 *
 * @property {() => string | undefined} missing
 * Builds or looks for what it runs. Returns why it cannot run, or undefined if it can. Called first.
 *
 * @property {() => Promise<void>} start
 * Starts the servers with empty stores and default settings. Called once.
 *
 * @property {() => Promise<number>} leader
 * Resolves with the server that leads, as soon as all three agree on it.
 *
 * @property {(server: number, value: string) => Promise<void>} write
 * Tries once to write a value through one server. Resolves when the write is acknowledged: committed,
 * on the disks of a majority. Rejects soon if that server does not lead, or does not answer.
 *
 * @property {(server: number) => Promise<void>} kill
 * Sends SIGKILL before it returns. Resolves when the process is gone.
 *
 * @property {(server: number) => Promise<void>} restart
 * Starts a killed server again, with its store. Resolves when it follows a leader again and has applied
 * every write that was acknowledged before the call.
 *
 * @property {(server: number) => void} pause
 * Sends SIGSTOP.
 *
 * @property {(server: number) => Promise<void>} resume
 * Sends SIGCONT. Resolves as `restart` does.
 *
 * @property {(server: number) => Promise<void>} [transfer]
 * Makes a leader hand over to another server. Resolves when it no longer leads.
 *
 * @property {(error: unknown) => boolean} [isRefusal]
 * Whether this error of `write` means that nothing was written, since the server does not lead.
 *
 * @property {Record<string, { median: number, max: number }>} [goals]
 * For each failure, what the median and the longest time must stay below, in ms.
 *
 * @property {() => void} stop
 * Kills the servers and deletes their stores.
 */

/** The numbers of the servers. */
export const SERVERS = [0, 1, 2];
