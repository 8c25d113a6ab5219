import { toError } from '@shoal/async';
import type { Message } from '@shoal/consensus';
import type { Connection } from '@shoal/transport';
import { WireError } from '@shoal/wire';
import { labelTag } from '@shoal/wire/internal';
import { NodeError } from '../errors.ts';
import type { PeerDialer } from '../members/peer-dialer.ts';
import type { Peers } from '../members/peers.ts';
import type { ProvedNames } from '../members/proved-name.ts';
import { SERVICES } from '../services.ts';
import { decodeFrame, encodeFrame, type Hello } from './message-codec.ts';
import { OutgoingLink } from './outgoing-link.ts';

/** How many connections of one name are read at once; the oldest makes room. */
const MAX_PER_NAME = 4;
/** How long a peer may take to say who it is, in ms. */
const HELLO_TIMEOUT = 5000;

/** What {@link PeerLinks} work with. */
export interface PeerLinksParts {
  readonly name: string;
  readonly label: string;
  readonly peers: Peers;
  readonly dialer: PeerDialer;
  readonly names: ProvedNames;
  readonly random: () => number;
  /** A message has arrived. */
  readonly onMessage: (from: string, message: Message) => void;
  /** Another node has connected. */
  readonly onConnected: (name: string) => void;
  /** A node could not be reached, or has broken the connection off. */
  readonly onUnreachable: (name: string, error: Error, retryIn: number) => void;
  /** What a peer sent was refused. */
  readonly onRefused: (address: string, error: NodeError) => void;
}

interface Outgoing {
  readonly link: OutgoingLink;
  /** The address of the peer when the link was made. */
  readonly address: string | undefined;
}

/** Carries the messages of consensus between this node and others, which it finds by their names. */
export class PeerLinks {
  readonly #parts: PeerLinksParts;
  readonly #outgoing = new Map<string, Outgoing>();
  /** The connections that other nodes have made, by their names. The last one is the latest. */
  readonly #incoming = new Map<string, Connection[]>();
  /** Connections whose peers do not read what they are sent. */
  readonly #full = new WeakSet<Connection>();
  #closed: Error | undefined;

  constructor(parts: PeerLinksParts) {
    this.#parts = parts;
  }

  /** The nodes that have connected to this one. */
  get connected(): Iterable<string> {
    return this.#incoming.keys();
  }

  /** Sends a message if the node can be reached soon; otherwise it is lost. */
  send(to: string, message: Message): void {
    if (this.#closed !== undefined) return;
    const frame = encodeFrame(message);
    const link = this.#parts.dialer.canDial(to) ? this.#linkTo(to) : undefined;
    // A browser cannot be dialed, nor can a node that is no member yet: what they get comes over the
    // connection that they have made. A frame that comes twice does no harm.
    if (link?.isConnected !== true) this.#answer(this.#incoming.get(to)?.at(-1), frame.slice());
    link?.send(frame);
  }

  /** Sends over a connection that another node has made, unless that one does not read. */
  #answer(connection: Connection | undefined, frame: Uint8Array): void {
    if (connection === undefined || this.#full.has(connection) || connection.send(frame)) return;
    this.#full.add(connection);
    connection.ready().then(
      () => this.#full.delete(connection),
      () => undefined,
    );
  }

  /** Makes itself known to a node, so that it sends what it has to say to this one. */
  connect(to: string): void {
    if (this.#closed === undefined && this.#parts.dialer.canDial(to)) this.#linkTo(to).connect();
  }

  /** Gives up the connections to nodes that have gone, or are at another address now. */
  followMembers(): void {
    for (const [name, { link, address }] of this.#outgoing) {
      if (this.#parts.peers.named(name)?.member.address === address) continue;
      this.#outgoing.delete(name);
      link.close(new Error(`${name} is no longer at ${address}`));
    }
  }

  /** Reads a connection that another node has made. Never rejects. */
  async serve(connection: Connection): Promise<void> {
    let name: string | undefined;
    try {
      name = await this.#introduced(connection);
      this.#add(name, connection);
      this.#parts.onConnected(name);
      await this.#read(name, connection);
      await connection.close();
    } catch (error) {
      if (error instanceof NodeError && error.code === 'protocol') {
        this.#parts.onRefused(connection.remoteAddress, error);
      }
      connection.abort(toError(error));
    } finally {
      if (name !== undefined) this.#remove(name, connection);
    }
  }

  /** Breaks all connections off. */
  close(reason: Error): void {
    this.#closed ??= reason;
    for (const { link } of this.#outgoing.values()) link.close(reason);
    for (const connections of this.#incoming.values()) {
      for (const connection of connections) connection.abort(reason);
    }
  }

  #linkTo(name: string): OutgoingLink {
    const known = this.#outgoing.get(name);
    if (known !== undefined) return known.link;
    const { peers, random, onUnreachable } = this.#parts;
    const link = new OutgoingLink({
      dial: (signal) => this.#dial(name, signal),
      read: (connection) => this.#read(name, connection),
      random,
      onFailure: (error, retryIn) => onUnreachable(name, error, retryIn),
    });
    this.#outgoing.set(name, { link, address: peers.named(name)?.member.address });
    return link;
  }

  async #dial(to: string, signal: AbortSignal): Promise<Connection> {
    const { name: from, label, dialer } = this.#parts;
    const connection = await dialer.dial(to, SERVICES.consensus, signal);
    connection.send(encodeFrame({ type: 'hello', label: labelTag(label), from, to }));
    return connection;
  }

  /** The name of the node that has connected. Rejects with `protocol` or `untrusted`. */
  async #introduced(connection: Connection): Promise<string> {
    const late = new NodeError('protocol', `the peer did not say who it is in ${HELLO_TIMEOUT} ms`);
    const timer = setTimeout(() => connection.abort(late), HELLO_TIMEOUT);
    try {
      const { value: bytes } = await connection[Symbol.asyncIterator]().next();
      if (bytes === undefined) throw new NodeError('protocol', 'the peer said nothing');
      const hello = decode(bytes);
      if (hello.type !== 'hello') throw new NodeError('protocol', 'the peer did not say who it is');
      this.#check(hello, connection);
      return hello.from;
    } finally {
      clearTimeout(timer);
    }
  }

  #check({ label, from, to }: Hello, connection: Connection): void {
    const { name, label: ownLabel, names, peers } = this.#parts;
    if (label !== labelTag(ownLabel)) {
      throw new NodeError('protocol', `${from} is a node of another cluster`);
    }
    if (to !== name || from === name) {
      throw new NodeError('protocol', `${from} wants to talk to ${to}, but this is ${name}`);
    }
    names.check(from, connection);
    if (peers.named(from) !== undefined) connection.vouch?.();
  }

  async #read(from: string, connection: Connection): Promise<void> {
    for await (const bytes of connection) {
      const frame = decode(bytes);
      if (frame.type === 'hello') throw new NodeError('protocol', `${from} said twice who it is`);
      if (this.#closed === undefined) this.#parts.onMessage(from, frame);
    }
  }

  #add(name: string, connection: Connection): void {
    const others = this.#incoming.get(name) ?? [];
    this.#incoming.set(name, [...others, connection]);
    if (others.length >= MAX_PER_NAME) others[0]!.abort(new Error('a later connection took over'));
    if (this.#closed !== undefined) connection.abort(this.#closed);
  }

  #remove(name: string, connection: Connection): void {
    const others = this.#incoming.get(name)?.filter((one) => one !== connection) ?? [];
    if (others.length > 0) this.#incoming.set(name, others);
    else this.#incoming.delete(name);
  }
}

/** Throws `protocol`. */
function decode(bytes: Uint8Array): ReturnType<typeof decodeFrame> {
  try {
    return decodeFrame(bytes);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw new NodeError('protocol', `malformed message: ${cause.message}`, { cause });
  }
}
