import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { lookup as systemLookup } from 'node:dns/promises';
import { onAbort } from '@shoal/async';
import {
  type DatagramTransport,
  formatAddress,
  parseAddress,
  TransportError,
} from '@shoal/transport';
import {
  hostFamily,
  systemCode,
  systemError,
  throwIfAborted,
  wholeNumber,
} from '@shoal/transport/internal';
import { type Lookup, NameCache } from './name-cache.ts';

/** Options of {@link createUdpTransport}. */
export interface UdpOptions {
  /** Where to bind: `127.0.0.1:7946`, `[::]:0` (IPv6 and IPv4), a name; port 0 takes a free one. */
  readonly bind: string;
  /**
   * The longest datagram to send, 1..65507 bytes. Default 1452, which crosses an Ethernet (MTU
   * 1500) in one piece over IPv6 and IPv4.
   */
  readonly maxDatagramSize?: number | undefined;
  /**
   * How many bytes may wait to be sent, for the kernel or for a name: at least `maxDatagramSize`.
   * Default 1 MiB.
   */
  readonly sendQueueSize?: number | undefined;
  /** The kernel's receive buffer (SO_RCVBUF), in bytes. Default: the system's. */
  readonly receiveBufferSize?: number | undefined;
  /** How `close` waits for what was accepted to leave, in ms at most. Default 2000. */
  readonly closeTimeout?: number | undefined;
  /** Finds the IP address of a name. Default: the system's resolver. */
  readonly lookup?: ((name: string, family: 0 | 4 | 6) => Promise<string>) | undefined;
  /** Closes the transport when it fires. */
  readonly signal?: AbortSignal | undefined;
}

/** Counters since the transport was made. */
export interface UdpStats {
  /** Datagrams and bytes that the kernel took. */
  readonly sent: number;
  readonly sentBytes: number;
  readonly received: number;
  readonly receivedBytes: number;
  /** Not sent: the send queue was full. */
  readonly dropped: number;
  /** Not sent: no address, a name that was not found, or an IP version this socket cannot send. */
  readonly unroutable: number;
  /** Received while there was no handler. */
  readonly unclaimed: number;
  /** Faults that the system reported, by their name, like ECONNREFUSED or EMSGSIZE. */
  readonly errors: Readonly<Record<string, number>>;
}

/** A {@link DatagramTransport} over UDP that counts what it does. */
export interface UdpTransport extends DatagramTransport {
  stats(): UdpStats;
}

/** A parsed destination: an IP address as the socket takes it, or a name to be resolved. */
interface Target {
  readonly ip: string | undefined;
  readonly name: string;
  readonly port: number;
}

/** Bounds of the two caches of texts; the oldest entry makes room. */
const MAX_CACHED = 16_384;

/**
 * Binds a UDP socket. A transport bound to `[::]` speaks IPv4 too; addresses of IPv4 peers are
 * always IPv4 texts. Names are resolved when first sent to and cached for 30 s. A client part
 * (`!client`) is not sent: the datagram goes to the gateway at host and port.
 *
 * Rejects with `address`, `argument`, `resolve`, `in-use`, `io`, or `aborted` by the signal.
 */
export async function createUdpTransport(options: UdpOptions): Promise<UdpTransport> {
  const { host, port } = parseAddress(options.bind);
  const maxDatagramSize = wholeNumber(options, 'maxDatagramSize', {
    preset: 1452,
    min: 1,
    max: 65507,
  });
  const settings = {
    maxDatagramSize,
    sendQueueSize: wholeNumber(options, 'sendQueueSize', { preset: 1 << 20, min: maxDatagramSize }),
    closeTimeout: wholeNumber(options, 'closeTimeout', { preset: 2000, min: 0 }),
  };
  const receiveBufferSize = wholeNumber(options, 'receiveBufferSize', { preset: 0, min: 1 });
  const lookup =
    options.lookup ?? (async (name, family) => (await systemLookup(name, { family })).address);
  const doing = `bind to ${options.bind}`;
  throwIfAborted(doing, options.signal);
  let ip = host;
  if (hostFamily(host) === 0) {
    ip = await lookup(host, 0).catch((cause: unknown) => {
      throw new TransportError('resolve', `${doing}: no address of ${host}`, { cause });
    });
  }
  const six = hostFamily(ip) === 6;
  const socket = createSocket({
    type: six ? 'udp6' : 'udp4',
    ...(receiveBufferSize > 0 ? { recvBufferSize: receiveBufferSize } : {}),
    // Addresses are resolved before they get here; the default would cost a turn per datagram.
    lookup: (address, _options, callback) => callback(null, address, six ? 6 : 4),
  });
  await new Promise<void>((resolve, reject) => {
    const failed = (cause: Error): void => {
      socket.close();
      reject(systemError(doing, cause));
    };
    socket.once('error', failed);
    socket.bind({ address: ip, port, exclusive: true }, () => {
      socket.off('error', failed);
      resolve();
    });
  });
  const family = six ? (ip === '::' ? 0 : 6) : 4;
  const transport = new DgramTransport(socket, family, settings, (name) => lookup(name, family));
  const forget = onAbort(options.signal, () => void transport.close());
  socket.once('close', forget);
  if (options.signal?.aborted) await transport.close();
  throwIfAborted(doing, options.signal);
  return transport;
}

class DgramTransport implements UdpTransport {
  readonly localAddress: string;
  readonly maxDatagramSize: number;
  readonly #socket: Socket;
  readonly #family: 0 | 4 | 6;
  readonly #sendQueueSize: number;
  readonly #closeTimeout: number;
  readonly #names: NameCache;
  readonly #targets = new Map<string, Target>();
  readonly #sources = new Map<string, string>();
  #handler: ((from: string, bytes: Uint8Array) => void) | undefined;
  #closing: Promise<void> | undefined;
  /** Bytes that wait for a name. */
  #waitingBytes = 0;
  /** Datagrams that were accepted and have neither left nor failed. */
  #inFlight = 0;
  #onIdle: (() => void) | undefined;
  readonly #stats = {
    sent: 0,
    sentBytes: 0,
    received: 0,
    receivedBytes: 0,
    dropped: 0,
    unroutable: 0,
    unclaimed: 0,
  };
  readonly #errors = new Map<string, number>();

  constructor(
    socket: Socket,
    family: 0 | 4 | 6,
    settings: { maxDatagramSize: number; sendQueueSize: number; closeTimeout: number },
    lookup: Lookup,
  ) {
    const { address, port } = socket.address();
    this.localAddress = formatAddress({ host: address, port });
    this.maxDatagramSize = settings.maxDatagramSize;
    this.#sendQueueSize = settings.sendQueueSize;
    this.#closeTimeout = settings.closeTimeout;
    this.#socket = socket;
    this.#family = family;
    this.#names = new NameCache(lookup);
    socket.on('message', (bytes, info) => this.#onMessage(bytes, info));
    socket.on('error', (error) => this.#count(error));
  }

  send(to: string, bytes: Uint8Array): boolean {
    const size = bytes.length;
    if (size > this.maxDatagramSize) {
      const limit = this.maxDatagramSize;
      throw new TransportError(
        'size',
        `a datagram of ${size} bytes is over the ${limit} of this transport`,
      );
    }
    if (this.#closing) return false;
    const target = this.#targets.get(to) ?? this.#target(to);
    if (!target) {
      this.#stats.unroutable++;
      return false;
    }
    if (this.#waitingBytes + this.#queuedBytes + size > this.#sendQueueSize) {
      this.#stats.dropped++;
      return false;
    }
    const ip = target.ip ?? this.#names.resolve(target.name);
    if (typeof ip === 'string') {
      this.#inFlight++;
      this.#transmit(target.ip ?? this.#forSocket(ip), target.port, bytes);
      return true;
    }
    if (ip === undefined) {
      this.#stats.unroutable++;
      return false;
    }
    this.#inFlight++;
    this.#waitingBytes += size;
    void ip.then((found) => {
      this.#waitingBytes -= size;
      const usable = found === undefined ? undefined : this.#forSocket(found);
      if (usable !== undefined) return this.#transmit(usable, target.port, bytes);
      this.#stats.unroutable++;
      this.#settle();
    });
    return true;
  }

  /** Bytes that the system has not taken yet; where it does not say, as many as there may be. */
  get #queuedBytes(): number {
    return this.#socket.getSendQueueSize?.() ?? this.#inFlight * this.maxDatagramSize;
  }

  receive(handler: (from: string, bytes: Uint8Array) => void): void {
    this.#handler = handler;
  }

  stats(): UdpStats {
    return { ...this.#stats, errors: Object.fromEntries(this.#errors) };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#closeTimeout);
        this.#onIdle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }

  /** What to do with a destination, remembered; `undefined` if it cannot be sent to. */
  #target(to: string): Target | undefined {
    let target: Target;
    try {
      const { host, port } = parseAddress(to);
      if (port === 0) return undefined;
      const ip = hostFamily(host) === 0 ? undefined : this.#forSocket(host);
      if (ip === undefined && hostFamily(host) !== 0) return undefined;
      target = { ip, name: host, port };
    } catch {
      return undefined; // Addresses come from peers as well: a bad one is counted, not thrown.
    }
    remember(this.#targets, to, target);
    return target;
  }

  /** An IP address as this socket takes it, `undefined` if it is of the other version. */
  #forSocket(ip: string): string | undefined {
    if (hostFamily(ip) === 6) return this.#family === 4 ? undefined : ip;
    if (this.#family === 4) return ip;
    return this.#family === 0 ? `::ffff:${ip}` : undefined;
  }

  #transmit(ip: string | undefined, port: number, bytes: Uint8Array): void {
    try {
      this.#socket.send(bytes, port, ip, this.#onSent);
    } catch (error) {
      // Closed while a name was looked up.
      this.#onSent(error as Error, 0);
    }
  }

  readonly #onSent = (error: Error | null, size: number): void => {
    if (error) this.#count(error);
    else {
      this.#stats.sent++;
      this.#stats.sentBytes += size;
    }
    this.#settle();
  };

  #settle(): void {
    if (--this.#inFlight === 0) this.#onIdle?.();
  }

  #onMessage(bytes: Buffer, info: RemoteInfo): void {
    this.#stats.received++;
    this.#stats.receivedBytes += bytes.length;
    const handler = this.#handler;
    if (!handler || this.#closing) {
      this.#stats.unclaimed++;
      return;
    }
    const from =
      info.family === 'IPv4'
        ? `${info.address}:${info.port}`
        : `${this.#sources.get(info.address) ?? this.#source(info.address)}:${info.port}`;
    handler(from, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
  }

  /** The canonical text of an IPv6 source, or the IPv4 address that is mapped into it. */
  #source(address: string): string {
    let text = `[${address}]`;
    try {
      text = formatAddress({ host: address, port: 0 }).slice(0, -':0'.length);
    } catch {
      // An interface with a name that the grammar does not have: no reason to lose the datagram.
    }
    remember(this.#sources, address, text);
    return text;
  }

  #count(error: Error): void {
    const code = systemCode(error);
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1);
  }
}

function remember<T>(cache: Map<string, T>, key: string, value: T): void {
  if (cache.size >= MAX_CACHED) cache.delete(cache.keys().next().value!);
  cache.set(key, value);
}
