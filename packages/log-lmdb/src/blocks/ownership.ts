import { randomUUID } from 'node:crypto';
import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Which process owns a log: the one whose token is in the file `owner`. It is asked before and after
 * each commit, and a commit counts only if both answers are yes.
 *
 * LMDB alone does not suffice. When it opens an environment, it notes the number of the last
 * transaction that it has found, even if another process has committed one since; the next
 * transaction then begins before that one, which is lost. As a process takes the token before it
 * opens the environment, what can be lost in this way has not been confirmed.
 */
export class Ownership {
  readonly #file: string;
  readonly #token = randomUUID();

  /** Takes the log in a directory over. Throws the system's error. */
  constructor(directory: string) {
    this.#file = join(directory, 'owner');
    // In place: a full disk has no room for another file, and must not keep a log from being read.
    const file = openSync(this.#file, constants.O_RDWR | constants.O_CREAT);
    try {
      writeSync(file, this.#token, 0, 'latin1');
    } finally {
      closeSync(file);
    }
  }

  /** Whether no other process has taken the log over. */
  get isHeld(): boolean {
    try {
      return readFileSync(this.#file, 'latin1') === this.#token;
    } catch {
      return false;
    }
  }
}
