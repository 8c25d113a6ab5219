import { text8, u16 } from '../bytes/fields.ts';
import type { Layout } from '../bytes/message-format.ts';

/** From either side, in any phase: the sender closes the connection, for this reason. */
export interface Goodbye {
  readonly type: 'goodbye';
  /** A u16. docs/wire-protocol.md lists the codes; later versions may add some. */
  readonly code: number;
  /** A text for people, at most 255 bytes of UTF-8. */
  readonly reason: string;
}

/** Shoal's stream protocol and the state exchange share this message. */
export const GOODBYE_LAYOUT: Layout<Goodbye> = {
  opcode: 25,
  fields: { code: u16, reason: text8 },
};

/** The codes of a goodbye. A receiver must accept unknown ones. */
export const GOODBYE: {
  readonly normal: 0;
  readonly protocol: 1;
  readonly version: 2;
  readonly label: 3;
  readonly staleTerm: 4;
  readonly shutdown: 5;
  readonly overload: 6;
  readonly restoreUnavailable: 7;
  readonly timeout: 8;
  readonly logChanged: 9;
  readonly internal: 10;
  readonly refused: 11;
} = {
  normal: 0,
  protocol: 1,
  version: 2,
  label: 3,
  staleTerm: 4,
  shutdown: 5,
  overload: 6,
  restoreUnavailable: 7,
  timeout: 8,
  logChanged: 9,
  internal: 10,
  refused: 11,
};
