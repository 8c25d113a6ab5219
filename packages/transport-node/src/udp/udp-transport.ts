import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { lookup as systemLookup } from 'node:dns/promises';
import { onAbort } from '@shoal/async';
import { formatAddress, parseAddress, TransportError } from '@shoal/transport';
import {
  BoundedMap,
  hostFamily,
  systemCode,
  systemError,
  throwIfAborted,
  wholeNumber,
} from '@shoal/transport/internal';
import { Destinations } from './destinations.ts';
import { addressForSocket, type IpFamily } from './ip-family.ts';
import { NameCache } from './name-cache.ts';
import type { UdpOptions, UdpStats, UdpTransport } from './udp-options.ts';

const MAX_CACHED_SOURCES = 16_384;

/**
 * Binds a UDP socket. A transport bound to `[::]` speaks IPv4 too; the addresses of IPv4 peers are
 * always IPv4 texts. Names are resolved when first sent to, and cached for 30 s. A client part
 * (`!client`) of an address is ignored: the datagram goes to the gateway at host and port.
 *
 * Rejects with `address`, `argument`, `resolve`, `in-use`, `io`, or `aborted` by the signal.
 */
export async function createUdpTransport(options: UdpOptions): Promise<UdpTransport> {
  const { bind, signal } = options;
  const settings = udpSettings(options);
  const doing = `bind to ${bind}`;
  const { host, port } = parseAddress(bind);
  throwIfAborted(doing, signal);
  const ip = hostFamily(host) === 0 ? await resolveHost(host, settings.lookup, doing) : host;
  const isIPv6 = hostFamily(ip) === 6;
  const socket = createSocket({
    type: isIPv6 ? 'udp6' : 'udp4',
    ...(settings.receiveBufferSize > 0 ? { recvBufferSize: settings.receiveBufferSize } : {}),
    // Addresses are resolved before they get here; the default would cost a turn per datagram.
    lookup: (address, _options, callback) => callback(null, address, isIPv6 ? 6 : 4),
  });
  await new Promise<void>((resolve, reject) => {
    const onError = (cause: Error): void => {
      socket.close();
      reject(systemError(doing, cause));
    };
    socket.once('error', onError);
    socket.bind({ address: ip, port, exclusive: true }, () => {
      socket.off('error', onError);
      resolve();
    });
  });
  const transport = new DgramTransport(socket, ip === '::' ? 0 : isIPv6 ? 6 : 4, settings);
  const cancel = onAbort(signal, () => void transport.close());
  socket.once('close', cancel);
  if (signal?.aborted) await transport.close();
  throwIfAborted(doing, signal);
  return transport;
}

interface UdpSettings {
  readonly maxDatagramSize: number;
  readonly sendQueueSize: number;
  /** 0: the system's. */
  readonly receiveBufferSize: number;
  readonly closeTimeout: number;
  readonly lookup: (name: string, family: IpFamily) => Promise<string>;
}

function udpSettings(options: UdpOptions): UdpSettings {
  const maxDatagramSize = wholeNumber(options, 'maxDatagramSize', {
    preset: 1452,
    min: 1,
    max: 65_507,
  });
  return {
    maxDatagramSize,
    sendQueueSize: wholeNumber(options, 'sendQueueSize', { preset: 1 << 20, min: maxDatagramSize }),
    receiveBufferSize: wholeNumber(options, 'receiveBufferSize', { preset: 0, min: 1 }),
    closeTimeout: wholeNumber(options, 'closeTimeout', { preset: 2000, min: 0 }),
    lookup:
      options.lookup ?? (async (name, family) => (await systemLookup(name, { family })).address),
  };
}

async function resolveHost(
  host: string,
  lookup: UdpSettings['lookup'],
  doing: string,
): Promise<string> {
  try {
    return await lookup(host, 0);
  } catch (cause) {
    throw new TransportError('resolve', `${doing}: no address found for ${host}`, { cause });
  }
}

class DgramTransport implements UdpTransport {
  readonly localAddress: string;
  readonly maxDatagramSize: number;
  readonly #socket: Socket;
  readonly #family: IpFamily;
  readonly #sendQueueSize: number;
  readonly #closeTimeout: number;
  readonly #names: NameCache;
  readonly #destinations: Destinations;
  /** The canonical texts of IPv6 sources. */
  readonly #sources = new BoundedMap<string, string>(MAX_CACHED_SOURCES);
  #handler: ((from: string, bytes: Uint8Array) => void) | undefined;
  #closing: Promise<void> | undefined;
  /** Bytes that wait for the resolution of a name. */
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

  constructor(socket: Socket, family: IpFamily, settings: UdpSettings) {
    const { address, port } = socket.address();
    this.localAddress = formatAddress({ host: address, port });
    this.maxDatagramSize = settings.maxDatagramSize;
    this.#sendQueueSize = settings.sendQueueSize;
    this.#closeTimeout = settings.closeTimeout;
    this.#socket = socket;
    this.#family = family;
    this.#names = new NameCache((name) => settings.lookup(name, family));
    this.#destinations = new Destinations(family);
    socket.on('message', (bytes, info) => this.#onMessage(bytes, info));
    socket.on('error', (error) => this.#count(error));
  }

  send(to: string, bytes: Uint8Array): boolean {
    const size = bytes.length;
    if (size > this.maxDatagramSize) {
      const text = `a datagram of ${size} bytes exceeds the limit of ${this.maxDatagramSize}`;
      throw new TransportError('size', text);
    }
    if (this.#closing) return false;
    const destination = this.#destinations.get(to);
    if (!destination) {
      this.#stats.unroutable++;
      return false;
    }
    if (this.#waitingBytes + this.#queuedBytes + size > this.#sendQueueSize) {
      this.#stats.dropped++;
      return false;
    }
    const { ip, host, port } = destination;
    if (ip === undefined) return this.#sendToName(host, port, bytes);
    this.#inFlight++;
    this.#transmit(ip, port, bytes);
    return true;
  }

  unreachable(to: string): TransportError | undefined {
    return this.#destinations.whyNot(to) ?? this.#whyUnresolved(to);
  }

  #whyUnresolved(to: string): TransportError | undefined {
    const destination = this.#destinations.get(to);
    if (destination === undefined || destination.ip !== undefined) return undefined;
    const { host } = destination;
    if (!this.#names.isUnknown(host)) return undefined;
    return new TransportError('resolve', `no address found for ${host}`);
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

  /** Bytes that the system has not taken yet; an upper bound where the system does not say. */
  get #queuedBytes(): number {
    return this.#socket.getSendQueueSize?.() ?? this.#inFlight * this.maxDatagramSize;
  }

  #sendToName(name: string, port: number, bytes: Uint8Array): boolean {
    const found = this.#names.resolve(name);
    if (found === undefined) {
      this.#stats.unroutable++;
      return false;
    }
    this.#inFlight++;
    if (typeof found === 'string') {
      this.#transmit(addressForSocket(found, this.#family), port, bytes);
      return true;
    }
    this.#waitingBytes += bytes.length;
    void found.then((address) => {
      this.#waitingBytes -= bytes.length;
      const ip = address === undefined ? undefined : addressForSocket(address, this.#family);
      if (ip !== undefined) return this.#transmit(ip, port, bytes);
      this.#stats.unroutable++;
      this.#settle();
    });
    return true;
  }

  #transmit(ip: string | undefined, port: number, bytes: Uint8Array): void {
    try {
      this.#socket.send(bytes, port, ip, this.#onSent);
    } catch (error) {
      // Closed while a name was being resolved.
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
    const host =
      info.family === 'IPv4'
        ? info.address
        : (this.#sources.get(info.address) ?? this.#formatSource(info.address));
    handler(`${host}:${info.port}`, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
  }

  /** The canonical text of an IPv6 source; the IPv4 address if it is an IPv4-mapped one. */
  #formatSource(address: string): string {
    let text = `[${address}]`;
    try {
      text = formatAddress({ host: address, port: 0 }).slice(0, -':0'.length);
    } catch {
      // The zone has a form that the address grammar does not know. The datagram is still good.
    }
    this.#sources.set(address, text);
    return text;
  }

  #count(error: Error): void {
    const code = systemCode(error);
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1);
  }
}
