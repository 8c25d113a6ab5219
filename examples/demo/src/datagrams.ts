import type { DatagramTransport } from '@shoal/transport';
import { createUdpTransport, encryptDatagrams, Keyring } from '@shoal/transport-node';
import {
  createGatewayAwareTransport,
  createGatewayTransport,
  createWebSocketTransport,
} from '@shoal/transport-websocket';
import { createGateway, createWebSocketServerTransport } from '@shoal/transport-websocket/server';
import type { MemberOptions } from './protocol.ts';

/** The label of this cluster, for its packets and its keys. */
export const LABEL = 'shoal-demo';

/** A member's transport, and the address of its gateway for members without UDP, if it has one. */
export interface Datagrams {
  readonly transport: DatagramTransport;
  readonly gateway: string | undefined;
}

/**
 * Encrypted datagrams over UDP, with or without a gateway, or over a WebSocket to a gateway. The
 * gateway forwards what it cannot read.
 */
export async function openDatagrams(options: MemberOptions): Promise<Datagrams> {
  const keyring = new Keyring(Buffer.from(options.key, 'hex'));
  const { plain, gateway } = await openPlain(options);
  return { transport: encryptDatagrams(plain, { keyring, label: LABEL }), gateway };
}

async function openPlain(
  options: MemberOptions,
): Promise<{ plain: DatagramTransport; gateway: string | undefined }> {
  const { bind, gateways = [], name, isGateway } = options;
  if (bind === undefined) {
    const transport = createWebSocketTransport();
    const plain = await createGatewayTransport({ transport, gateways, name });
    return { plain, gateway: undefined };
  }
  const udp = await createUdpTransport({ bind });
  if (!isGateway) return { plain: createGatewayAwareTransport(udp), gateway: undefined };
  const listener = await createWebSocketServerTransport().listen('127.0.0.1:0');
  return { plain: createGateway({ udp, listener }), gateway: listener.address };
}
