import { type Connection, dialService, type StreamTransport } from '@shoal/transport';
import { NodeError } from '../errors.ts';
import type { NodeMember } from './node-member.ts';
import type { Peers } from './peers.ts';

/** Which of its addresses a member is dialed at. */
export type DialedAddress = 'tcp' | 'websocket';

/** Opens streams to the services of nodes, which it finds by their names. */
export class PeerDialer {
  readonly #streams: StreamTransport;
  readonly #peers: Peers;
  readonly #dials: DialedAddress;

  constructor(streams: StreamTransport, peers: Peers, dials: DialedAddress) {
    this.#streams = streams;
    this.#peers = peers;
    this.#dials = dials;
  }

  /** Rejects with `protocol` if no such node can be dialed, or with the transport's error. */
  async dial(name: string, service: string, signal: AbortSignal): Promise<Connection> {
    const peer = this.#peers.named(name);
    const address = peer && addressToDial(peer.member, this.#dials);
    if (address === undefined) {
      const what = peer === undefined ? 'no active member has this name' : 'it accepts no streams';
      throw new NodeError('protocol', `cannot dial node ${name}: ${what}`);
    }
    return dialService(this.#streams, address, service, { signal });
  }
}

/** Where a member accepts streams of this kind; undefined if it does not. */
export function addressToDial(member: NodeMember, dials: DialedAddress): string | undefined {
  return dials === 'websocket' ? member.webSocketAddress : member.streamAddress;
}
