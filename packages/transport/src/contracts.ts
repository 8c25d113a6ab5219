import type { TransportError } from './errors.ts';

/**
 * Sends and receives datagrams. They may be lost, duplicated or reordered, but never cut: a
 * datagram arrives whole or not at all.
 */
export interface DatagramTransport extends AsyncDisposable {
  /** The bound address, in the form of `formatAddress`. Its port is never 0. */
  readonly localAddress: string;
  /** The longest datagram that `send` accepts, in bytes. */
  readonly maxDatagramSize: number;
  /**
   * Sends `bytes`, which the transport owns from then on: do not change them. Returns false if the
   * datagram was dropped on this side: the send buffer is full, `to` is not reachable from here, or
   * the transport is closed. Network errors never throw. Throws `size` for more than
   * {@link DatagramTransport.maxDatagramSize} bytes.
   */
  send(to: string, bytes: Uint8Array): boolean;
  /**
   * Why no datagram can get to `to` from here, as far as is known: `address` if that is not an
   * address, `resolve` if its name was not found, `unreachable` if this transport has no way there,
   * such as from IPv4 to IPv6. Undefined: one might get there. Default: nothing is known.
   */
  unreachable?(to: string): TransportError | undefined;
  /**
   * Tells the transport what the member that uses it knows about the cluster. A gateway keeps its
   * clients within that. Default: not of interest.
   */
  useMembers?(members: KnownMembers): void;
  /**
   * Passes every datagram to `handler` from now on, in place of an earlier handler. The handler
   * owns `bytes`. Datagrams that arrive while there is no handler are dropped and counted.
   */
  receive(handler: (from: string, bytes: Uint8Array) => void): void;
  /**
   * Closes once all accepted datagrams have left, or after a limited time. Never rejects; may be
   * called again.
   */
  close(): Promise<void>;
}

/** What a member knows about the cluster whose datagrams a transport carries. */
export interface KnownMembers {
  /** Whether this is the address of a member, even of one that is down. */
  has(address: string): boolean;
  /**
   * The address that a datagram gives as its sender's; undefined if the datagram is malformed. Left
   * out by a layer in between that changes datagrams, as encryption does: the transport cannot read them.
   */
  senderOf?(bytes: Uint8Array): string | undefined;
}

/** Opens connections that carry frames. */
export interface StreamTransport {
  /**
   * Connects to `address`. Rejects with a `TransportError`: `address`, `argument`, `resolve`,
   * `refused`, `unreachable`, `timeout`, `untrusted`, `reset`, `protocol`, `io`, or `aborted` by
   * the signal. The signal has no effect on the connection once it is open.
   */
  dial(address: string, options?: { signal?: AbortSignal | undefined }): Promise<Connection>;
  /**
   * Accepts connections at `address`; port 0 picks a free port. Rejects with `address`, `argument`,
   * `resolve`, `in-use`, `io` or `aborted`. The signal closes the listener whenever it fires.
   */
  listen(address: string, options?: { signal?: AbortSignal | undefined }): Promise<Listener>;
}

/**
 * Yields the connections that peers open, until it is closed. Leaving a loop over it does not close
 * it.
 */
export interface Listener extends AsyncIterable<Connection>, AsyncDisposable {
  /** The bound address, with the port that was picked. */
  readonly address: string;
  /**
   * Stops listening. Yielded connections stay open; those still waiting to be yielded are aborted.
   */
  close(): Promise<void>;
}

/** What a peer has proved about itself before a connection was handed out. */
export interface PeerProof {
  /**
   * The names in its certificate, which a trusted authority has signed: DNS names and URIs. Empty
   * if it was not asked for a certificate.
   */
  readonly names?: readonly string[] | undefined;
  /** The public id of the cluster's key that it has proved to hold: see `Keyring.ids`. */
  readonly keyId?: string | undefined;
}

/**
 * An ordered, reliable, two-way stream of frames. The iterator yields whole frames. It ends once
 * the peer has ended its side or this side has called `close`. If the connection is lost, the
 * iterator first yields the frames that had arrived, then throws the `TransportError`. Leaving a
 * loop does not close the connection: one loop can read a greeting, and another one the rest.
 */
export interface Connection extends AsyncIterable<Uint8Array>, AsyncDisposable {
  readonly remoteAddress: string;
  /** What the peer has proved. Undefined: nothing, as over plain TCP. */
  readonly peer?: PeerProof | undefined;
  /**
   * Accepts no frame longer than this from now on: `size`. For a protocol that knows how long the
   * peer's frames can be; it does not raise the limit that the transport has.
   */
  limitFrames?(maxLength: number): void;
  /**
   * Says that the peer is who it claims to be, as far as the protocol can tell. When a listener is
   * full, it breaks off the oldest connection that is not vouched for.
   */
  vouch?(): void;
  /**
   * How often bytes have arrived, whole frames or parts. Tells a slow peer from a silent one.
   * Undefined if the transport does not know.
   */
  readonly arrivals?: number | undefined;
  /**
   * Whether a part of the next frame has arrived, but not all of it. Undefined if the transport
   * does not know.
   */
  readonly isMidFrame?: boolean | undefined;
  /**
   * Sends a frame, which the connection owns from then on: do not change it. Returns false in two
   * cases: the buffer is over its high-water mark (the frame was accepted; wait for `ready`), or
   * the connection is lost (so is the frame; `ready` rejects with the reason). Past the hard cap
   * the connection is aborted with `overflow`. Throws `size`, and sends nothing, for a frame over
   * the limit.
   */
  send(frame: Uint8Array): boolean;
  /**
   * Resolves when the buffer has room; at once if it has room now. Rejects with the error that
   * ended the connection, with `closed` after `close`, or with `aborted` when the signal fires; a
   * signal does not change the connection.
   */
  ready(options?: { signal?: AbortSignal | undefined }): Promise<void>;
  /**
   * Ends this side after everything sent has been flushed, and resolves once the connection is
   * closed. Does not wait longer than a limit for the flush and for the peer. Frames that have not
   * been read are dropped. Never rejects; may be called again.
   */
  close(): Promise<void>;
  /**
   * Breaks the connection at once. Pending calls reject with `aborted`, whose cause is `reason`.
   */
  abort(reason: Error): void;
}
