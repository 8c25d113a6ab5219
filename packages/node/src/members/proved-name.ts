import type { Emitter } from '@shoal/async';
import type { Connection, PeerProof } from '@shoal/transport';
import { NodeError } from '../errors.ts';
import type { NodeEvent } from '../events.ts';

/**
 * The node names that a peer may use, by what it has proved; undefined if it may use any name.
 */
export type NamesOf = (peer: PeerProof) => readonly string[] | undefined;

/** A peer with a certificate may use the names in it; the key of the cluster stands for any name. */
const certifiedNames: NamesOf = ({ names }) => names;

/** Binds the names of nodes to what their connections have proved. */
export class ProvedNames {
  readonly #namesOf: NamesOf;
  readonly #events: Emitter<NodeEvent>;

  constructor(events: Emitter<NodeEvent>, namesOf: NamesOf = certifiedNames) {
    this.#events = events;
    this.#namesOf = namesOf;
  }

  /**
   * Throws `untrusted`, and reports it, if the peer says that it is `name` and has proved to be
   * another node.
   */
  check(name: string, { peer, remoteAddress }: Pick<Connection, 'peer' | 'remoteAddress'>): void {
    const names = peer && this.#namesOf(peer);
    if (names === undefined || names.includes(name)) return;
    const proved = names.join(', ').slice(0, 200) || 'no name';
    const text = `${remoteAddress} says that it is ${name}, but has proved to be ${proved}`;
    const remedy = `its certificate needs the name ${name}, or namesOf must map it`;
    const error = new NodeError('untrusted', `${text}: ${remedy}`);
    this.#events.emit({ type: 'peerRefused', address: remoteAddress, error });
    throw error;
  }
}
