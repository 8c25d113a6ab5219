import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket as TcpSocket } from 'node:net';
import { parseAddress } from '@shoal/transport';
import {
  decodePacket,
  encodeFrame,
  encodePacket,
  type Member,
  type Message,
  type NodeIdentity,
  type SwimCodec,
  shoalCodec,
} from '@shoal/wire';
import { replication } from './nodes.test-helper.ts';

/** A leader is given time: a busy machine must not look like an attack that has worked. */
export const PATIENT = {
  ...replication,
  elections: { ...replication.elections, electionTimeout: { min: 30_000, max: 60_000 } },
} as const;

const codec: SwimCodec<NodeIdentity> = shoalCodec({ label: 'shoal' });

export const identity = (address: string, generation: number = Date.now()): NodeIdentity => ({
  address,
  generation,
  metadata: new Uint8Array(0),
});

/** Somebody who can reach the ports of nodes, and speaks their protocols without any key. */
export class Attacker implements AsyncDisposable {
  /** Bytes of all datagrams that have come back. */
  received = 0;
  sent = 0;
  readonly #udp: Socket;
  readonly #sockets = new Set<TcpSocket>();

  private constructor(udp: Socket) {
    this.#udp = udp;
    udp.on('message', (bytes) => {
      this.received += bytes.length;
    });
  }

  static async start(): Promise<Attacker> {
    const udp = createSocket('udp4');
    udp.bind(0, '127.0.0.1');
    await once(udp, 'listening');
    return new Attacker(udp);
  }

  get address(): string {
    return `127.0.0.1:${this.#udp.address().port}`;
  }

  /** Answers pings from now on, so that nodes take its address for proved. */
  proveItself(): void {
    this.#udp.on('message', (bytes) => {
      try {
        const { header } = decodePacket(codec, bytes);
        if (header.message.type !== 'ping') return;
        const { probeNumber } = header.message;
        this.say(header.src, { type: 'ack', probeNumber });
      } catch {
        // Encrypted: it cannot be read, let alone answered.
      }
    });
  }

  /** Sends a packet, from its own address unless `src` names another one. */
  say(
    to: NodeIdentity,
    message: Message<NodeIdentity>,
    options: { members?: readonly Member<NodeIdentity>[]; src?: NodeIdentity } = {},
  ): void {
    const { members = [], src = this.#identity } = options;
    const header = { src, srcIncarnation: 0, dst: to, message };
    this.send(to.address, encodePacket(codec, { header, members, broadcasts: [] }));
  }

  send(to: string, bytes: Uint8Array): void {
    const { host, port } = parseAddress(to);
    this.sent += bytes.length;
    this.#udp.send(bytes, port, host);
  }

  /** Connects, and writes frames: first the name of a service. */
  async connect(to: string, ...frames: (string | Uint8Array)[]): Promise<TcpSocket> {
    const socket = connect(parseAddress(to));
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    await new Promise((resolve) => {
      for (const event of ['connect', 'close']) socket.once(event, resolve);
    });
    for (const frame of frames) {
      const bytes = typeof frame === 'string' ? new TextEncoder().encode(frame) : frame;
      socket.write(encodeFrame(bytes));
    }
    return socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.resetAndDestroy();
    this.#udp.close();
    await once(this.#udp, 'close');
  }

  get #identity(): NodeIdentity {
    return identity(this.address, this.#born);
  }

  readonly #born = Date.now();
}
