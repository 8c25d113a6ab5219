import { randomUUID } from 'node:crypto';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
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
  /** The file is written in place: a full disk must not keep a log from being opened. */
  readonly #file: number;
  readonly #token = Buffer.from(randomUUID(), 'latin1');
  readonly #found = Buffer.alloc(this.#token.length);
  #isClosed = false;

  /** Takes the log in a directory over. Throws the system's error. */
  constructor(directory: string) {
    this.#file = openSync(join(directory, 'owner'), constants.O_RDWR | constants.O_CREAT);
    try {
      writeSync(this.#file, this.#token, 0, this.#token.length, 0);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Whether no other process has taken the log over. */
  get isHeld(): boolean {
    if (this.#isClosed) return false;
    readSync(this.#file, this.#found, 0, this.#found.length, 0);
    return this.#found.equals(this.#token);
  }

  /** May be called again. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.#file);
  }
}
