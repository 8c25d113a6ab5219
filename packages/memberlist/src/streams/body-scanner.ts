import type { ByteReader } from '@shoal/wire';
import { MESSAGE_TYPE } from '../messages/message-type.ts';
import { ValueScanner } from '../msgpack/scan.ts';
import { readPushPullHeader, readUserLength } from './stream-body.ts';

/** What comes next in a body. */
type Step = 'type' | 'header' | 'nodes' | 'value' | 'raw' | 'end';

/**
 * Finds the end of a body that arrives in pieces: nothing announces its length. Each byte is looked
 * at once, however many pieces there are.
 */
export class BodyScanner {
  #step: Step = 'type';
  #type = 0;
  readonly #values = new ValueScanner();
  /** Where the present step began, and how far it got. */
  #start: number;
  #at: number;
  /** How many bytes of the program follow the msgpack. */
  #raw = 0;

  /** `start` is the offset of the type of the body. */
  constructor(start: number) {
    this.#start = start;
    this.#at = start;
  }

  /**
   * Returns the offset after the body, or -1 if it is incomplete. Call it again with all bytes from
   * the beginning when more are there. Throws a `WireError` with code `variant`, `range`, `length`
   * or `utf8` for what can be no body.
   */
  scan(reader: ByteReader): number {
    reader.offset = this.#at;
    while (this.#step !== 'end') {
      const complete = this.#advance(reader);
      this.#at = reader.offset;
      if (!complete) return -1;
      this.#start = this.#at;
    }
    return this.#at;
  }

  /** Takes one step, and returns false if it needs more bytes. */
  #advance(reader: ByteReader): boolean {
    switch (this.#step) {
      case 'type':
        return this.#readType(reader);
      case 'header':
        return this.#values.scan(reader) && this.#readHeader(reader);
      case 'nodes':
        return this.#values.scan(reader) && this.#go('raw');
      case 'raw':
        if (reader.remaining < this.#raw) return false;
        reader.offset += this.#raw;
        return this.#go('end');
      default:
        return this.#values.scan(reader) && this.#go('end');
    }
  }

  #readType(reader: ByteReader): boolean {
    if (reader.remaining === 0) return false;
    this.#type = reader.u8();
    this.#values.expect(1);
    switch (this.#type) {
      case MESSAGE_TYPE.pushPull:
      case MESSAGE_TYPE.user:
        return this.#go('header');
      case MESSAGE_TYPE.ping:
      case MESSAGE_TYPE.ack:
      case MESSAGE_TYPE.error:
      case MESSAGE_TYPE.compress:
        return this.#go('value');
      default:
        return reader.fail(
          'variant',
          `a message of a stream, not ${this.#type}`,
          reader.offset - 1,
        );
    }
  }

  #readHeader(reader: ByteReader): boolean {
    reader.offset = this.#start;
    if (this.#type === MESSAGE_TYPE.user) {
      this.#raw = readUserLength(reader);
      return this.#go('raw');
    }
    const { nodes, userStateLength } = readPushPullHeader(reader);
    this.#values.expect(nodes);
    this.#raw = userStateLength;
    return this.#go('nodes');
  }

  #go(step: Step): true {
    this.#step = step;
    return true;
  }
}
