/**
 * Sends and receives datagrams: unordered, may be lost or doubled, whole or not at all.
 */
export interface DatagramTransport extends AsyncDisposable {
  /** Where this transport is bound, as `formatAddress` writes it: never with port 0. */
  readonly localAddress: string;
  /** The longest datagram that `send` takes, in bytes. */
  readonly maxDatagramSize: number;
  /**
   * Sends `bytes`, which are the transport's from then on: do not change them. False when they
   * were dropped here: the send buffer is full, `to` cannot be reached from here, or the
   * transport is closed. Network faults never throw. Throws `size` for more than
   * {@link DatagramTransport.maxDatagramSize} bytes.
   */
  send(to: string, bytes: Uint8Array): boolean;
  /**
   * Hands every datagram to `handler` from now on, instead of to an earlier one; `bytes` are
   * the handler's. What arrives while there is no handler is dropped and counted.
   */
  receive(handler: (from: string, bytes: Uint8Array) => void): void;
  /** Closes after what was accepted has left. Never rejects; a second call waits as well. */
  close(): Promise<void>;
}

/** Makes connections that carry frames. */
export interface StreamTransport {
  /**
   * Connects to `address`. Rejects with a `TransportError`: `address`, `resolve`, `refused`,
   * `unreachable`, `timeout`, `untrusted`, `io`, or `aborted` by the signal, which has no
   * effect on the connection afterwards.
   */
  dial(address: string, options?: { signal?: AbortSignal | undefined }): Promise<Connection>;
  /**
   * Accepts connections at `address`; port 0 takes a free one. Rejects with `address`,
   * `resolve`, `in-use` or `io`. The signal closes the listener, now or later.
   */
  listen(address: string, options?: { signal?: AbortSignal | undefined }): Promise<Listener>;
}

/** Yields the connections that peers open, until it is closed. Leaving the loop keeps it open. */
export interface Listener extends AsyncIterable<Connection>, AsyncDisposable {
  /** Where it is really bound. */
  readonly address: string;
  /** Stops. Connections that were yielded live on; those that wait to be are aborted. */
  close(): Promise<void>;
}

/**
 * An ordered, reliable, two-way stream of frames. The iterator yields whole frames. It ends when
 * the peer has ended its side or this side has called `close`, and throws the `TransportError`
 * with which the connection was lost, after the frames that had arrived. Leaving a loop keeps
 * the connection open, so one may read a greeting first and go on elsewhere.
 */
export interface Connection extends AsyncIterable<Uint8Array>, AsyncDisposable {
  readonly remoteAddress: string;
  /**
   * Sends a frame, which is the connection's from then on: do not change it. False when the
   * buffer is over its high-water mark (the frame was taken: wait for `ready`) or the connection
   * is gone (the frame is lost: `ready` rejects with the reason). Past the hard cap it aborts the
   * connection with `overflow`. Throws `size` for a frame over the limit; nothing was sent then.
   */
  send(frame: Uint8Array): boolean;
  /**
   * Resolves when the buffer has room again, at once if it has. Rejects with the error by which
   * the connection was lost, `closed` after `close`, or `aborted` when the signal fires, which
   * leaves the connection as it is.
   */
  ready(options?: { signal?: AbortSignal | undefined }): Promise<void>;
  /**
   * Ends this side after what was sent has been flushed, and resolves when the connection is
   * gone. Frames not yet read are dropped. Never rejects; a second call waits as well.
   */
  close(): Promise<void>;
  /** Breaks the connection off at once; whoever waits on it gets `aborted` with `reason`. */
  abort(reason: Error): void;
}
