import { toError } from '@shoal/async';
import { type Connection, dialService, type StreamTransport } from '@shoal/transport';
import { NodeError } from '../errors.ts';
import type { NodeMember } from './node-member.ts';
import type { Peers } from './peers.ts';
import type { ProvedNames } from './proved-name.ts';

/** Which of its addresses a member is dialed at. */
export type DialedAddress = 'tcp' | 'websocket';

/** Options of a {@link PeerDialer}. */
export interface PeerDialerOptions {
  readonly streams: StreamTransport;
  readonly peers: Peers;
  readonly dials: DialedAddress;
  readonly names: ProvedNames;
}

/** Opens streams to the services of nodes, which it finds by their names. */
export class PeerDialer {
  readonly #streams: StreamTransport;
  readonly #peers: Peers;
  readonly #dials: DialedAddress;
  readonly #names: ProvedNames;

  constructor({ streams, peers, dials, names }: PeerDialerOptions) {
    this.#streams = streams;
    this.#peers = peers;
    this.#dials = dials;
    this.#names = names;
  }

  /** Whether such a node is a member, and accepts streams. */
  canDial(name: string): boolean {
    const peer = this.#peers.named(name);
    return peer !== undefined && addressToDial(peer.member, this.#dials) !== undefined;
  }

  /**
   * Rejects with `protocol` if no such node can be dialed, with `untrusted` if the node that answers
   * has proved to be another one, or with the transport's error.
   */
  async dial(name: string, service: string, signal: AbortSignal): Promise<Connection> {
    const peer = this.#peers.named(name);
    const address = peer && addressToDial(peer.member, this.#dials);
    if (address === undefined) {
      const what = peer === undefined ? 'no active member has this name' : 'it accepts no streams';
      throw new NodeError('protocol', `cannot dial node ${name}: ${what}`);
    }
    const connection = await dialService(this.#streams, address, service, { signal });
    try {
      this.#names.check(name, connection);
    } catch (error) {
      connection.abort(toError(error));
      throw error;
    }
    return connection;
  }
}

/** Where a member accepts streams of this kind; undefined if it does not. */
export function addressToDial(member: NodeMember, dials: DialedAddress): string | undefined {
  return dials === 'websocket' ? member.webSocketAddress : member.streamAddress;
}
