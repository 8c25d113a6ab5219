import { type DatagramTransport, parseAddress, TransportError } from '@shoal/transport';

// Datagrams between the threads of one process, through shared memory. Each transport has an inbox: a
// ring of cells that all threads write to and its owner reads from. A port is the number of an inbox,
// so an address looks like `threads:3`.

const HOST = 'threads';
const INBOXES = 64;
const CELLS = 256;
const MAX_SIZE = 1452;
/** The size of a cell: the sender's port, the length of the datagram, and its bytes. */
const CELL = 4 + MAX_SIZE;
/** How often a sender tries to lock an inbox that another thread is writing to. */
const TRIES = 10_000;

/** The state of an inbox, as int32: is it bound, is it locked, how many cells were written, and read. */
const [BOUND, LOCK, WRITTEN, READ, STATE] = [0, 1, 2, 3, 4] as const;

/** Creates the memory of a network. Pass it to every thread. */
export function createSharedNetwork(): SharedArrayBuffer {
  return new SharedArrayBuffer(INBOXES * (STATE * 4 + CELLS * CELL));
}

/** Binds to `port`, 1..64, or to a free one for 0. Throws a `TransportError` with code `in-use`. */
export function createMemoryTransport(network: SharedArrayBuffer, port = 0): DatagramTransport {
  return new MemoryTransport(network, port);
}

class MemoryTransport implements DatagramTransport {
  readonly localAddress: string;
  readonly maxDatagramSize: number = MAX_SIZE;
  readonly #states: Int32Array;
  readonly #cells: Uint8Array;
  readonly #port: number;
  #handler: ((from: string, bytes: Uint8Array) => void) | undefined;
  #closed = false;

  constructor(network: SharedArrayBuffer, wanted: number) {
    this.#states = new Int32Array(network, 0, INBOXES * STATE);
    this.#cells = new Uint8Array(network, INBOXES * STATE * 4);
    this.#port = this.#bind(wanted);
    this.localAddress = `${HOST}:${this.#port}`;
    void this.#read();
  }

  send(to: string, bytes: Uint8Array): boolean {
    if (bytes.length > MAX_SIZE) {
      throw new TransportError('size', `${bytes.length} bytes exceed the limit of ${MAX_SIZE}`);
    }
    const port = portOf(to);
    if (this.#closed || port === undefined || !this.#lock(port)) return false;
    const written = this.#get(port, WRITTEN);
    const room = this.#get(port, BOUND) === 1 && ((written - this.#get(port, READ)) | 0) < CELLS;
    if (room) {
      const at = cellAt(port, written);
      this.#cells.set([this.#port, 0, bytes.length & 255, bytes.length >> 8], at);
      this.#cells.set(bytes, at + 4);
      this.#set(port, WRITTEN, (written + 1) | 0);
    }
    this.#set(port, LOCK, 0);
    if (room) Atomics.notify(this.#states, stateAt(port, WRITTEN));
    return room;
  }

  receive(handler: (from: string, bytes: Uint8Array) => void): void {
    this.#handler = handler;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#set(this.#port, BOUND, 0);
    Atomics.notify(this.#states, stateAt(this.#port, WRITTEN)); // wakes the loop, which then ends
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #bind(wanted: number): number {
    const ports = wanted === 0 ? Array.from({ length: INBOXES }, (_, i) => i + 1) : [wanted];
    for (const port of ports) {
      if (Atomics.compareExchange(this.#states, stateAt(port, BOUND), 0, 1) !== 0) continue;
      this.#set(port, READ, this.#get(port, WRITTEN)); // skips datagrams for an earlier owner
      return port;
    }
    throw new TransportError('in-use', `no free port among ${ports.join(', ')}`);
  }

  /** Reads datagrams until the transport is closed. Waits without blocking the thread. */
  async #read(): Promise<void> {
    while (!this.#closed) {
      for (let turn = 0; turn < CELLS && !this.#closed; turn++) {
        const read = this.#get(this.#port, READ);
        if (read === this.#get(this.#port, WRITTEN)) {
          const wait = Atomics.waitAsync(this.#states, stateAt(this.#port, WRITTEN), read);
          if (wait.async) await wait.value;
        } else this.#deliver(read);
      }
      // Endless datagrams must not keep this thread from its other work.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #deliver(read: number): void {
    const at = cellAt(this.#port, read);
    const length = this.#cells[at + 2]! | (this.#cells[at + 3]! << 8);
    const from = `${HOST}:${this.#cells[at]}`;
    const bytes = new Uint8Array(length); // a private copy: the cell will be reused
    bytes.set(this.#cells.subarray(at + 4, at + 4 + length));
    this.#set(this.#port, READ, (read + 1) | 0);
    try {
      this.#handler?.(from, bytes);
    } catch (error) {
      // An error of the handler must not end the loop: report it as uncaught.
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  /** One thread at a time may write to an inbox. Gives up if a writer was terminated while writing. */
  #lock(port: number): boolean {
    for (let i = 0; i < TRIES; i++) {
      if (Atomics.compareExchange(this.#states, stateAt(port, LOCK), 0, 1) === 0) return true;
    }
    return false;
  }

  #get(port: number, field: number): number {
    return Atomics.load(this.#states, stateAt(port, field));
  }

  #set(port: number, field: number, value: number): void {
    Atomics.store(this.#states, stateAt(port, field), value);
  }
}

const stateAt = (port: number, field: number): number => (port - 1) * STATE + field;

const cellAt = (port: number, count: number): number =>
  ((port - 1) * CELLS + (count & (CELLS - 1))) * CELL;

/** The port of an address of this network. Addresses may come from peers, so any text is possible. */
function portOf(address: string): number | undefined {
  try {
    const { host, port, client } = parseAddress(address);
    const known = host === HOST && client === undefined && port >= 1 && port <= INBOXES;
    return known ? port : undefined;
  } catch {
    return undefined;
  }
}
