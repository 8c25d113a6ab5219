import { join } from 'node:path';
import * as zlib from 'node:zlib';
import type { LmdbLog, LmdbLogOptions } from '@shoal/log-lmdb';
import { type LogStore, SyncupError } from '@shoal/syncup';
import {
  type DatagramTransport,
  formatAddress,
  type Listener,
  parseAddress,
  type StreamTransport,
  TransportError,
} from '@shoal/transport';
import {
  createTcpTransport,
  createTlsTransport,
  createUdpTransport,
  type EncryptionMode,
  encryptDatagrams,
  type Keyring,
  type TlsOptions,
} from '@shoal/transport-node';
import { crc32 } from '@shoal/wire';
import { NodeError } from './errors.ts';
import type { PortableNodeOptions } from './options.ts';
import type { ShoalNode } from './shoal-node.ts';
import { startNodeWith } from './start-node.ts';
import { fileVoteStore } from './votes/file-vote-store.ts';

/** A durable log, which the node opens and closes. */
export interface LogPath extends Omit<LmdbLogOptions, 'path' | 'fingerprint' | 'durable'> {
  /** A directory of this node alone. It holds the log in `log/` and the vote in `term`. */
  readonly path: string;
}

/** Transports in place of UDP and TCP or TLS. */
export interface NodeTransports {
  /** The node owns it and closes it. */
  readonly datagrams?: DatagramTransport | undefined;
  readonly streams?: StreamTransport | undefined;
  /**
   * More listeners that accept streams, such as one for WebSocket. The node owns and closes them.
   */
  readonly listeners?: readonly Listener[] | undefined;
}

/** Options of {@link createNode}. */
export interface NodeOptions
  extends Omit<PortableNodeOptions, 'datagrams' | 'streams' | 'listeners' | 'log'> {
  /**
   * The address to bind, for datagrams and for streams. Port 0 takes a free one. With a wildcard
   * such as `0.0.0.0`, set `address` as well. May be left out with `transports.datagrams`; then the
   * node accepts no streams, as behind a gateway.
   */
  readonly bind?: string | undefined;
  /** Encrypts datagrams. Default: they are not encrypted. */
  readonly keyring?: Keyring | undefined;
  /** How strictly datagrams must be encrypted. Default `strict`. */
  readonly encryption?: EncryptionMode | undefined;
  /** Streams over TLS, with certificates on both sides, instead of plain TCP. */
  readonly tls?: TlsOptions | undefined;
  /** The path of a durable log, or a log that stays open when the node closes. Default: none. */
  readonly log?: LogPath | LogStore | undefined;
  /** Default: UDP, and TCP or TLS. */
  readonly transports?: NodeTransports | undefined;
}

/** How many free TCP ports to try until UDP can have the same one. */
const PORT_ATTEMPTS = 20;

/** That of Node.js 20.15 and later is several times faster. */
const fastestCrc32 = (zlib as { crc32?: (bytes: Uint8Array) => number }).crc32 ?? crc32;

/**
 * Makes this process a member of a cluster, which may lead or follow a replicated log: SWIM over
 * UDP, and streams over TCP or TLS, on one host and port.
 *
 * Rejects, with nothing left open: a `NodeError` with code `argument`, `missing-binary`, `corrupt`,
 * `version` or `log`; a `TransportError` such as `in-use`; a `SyncupError` of the log; a `SwimError`.
 */
export async function createNode(options: NodeOptions): Promise<ShoalNode> {
  check(options);
  const { bind: _bind, log: _log, replication, transports, ...rest } = options;
  const opened = await openLog(options);
  try {
    const { datagrams, streams, listener } = await openTransports(options);
    return await startNodeWith(
      {
        ...rest,
        ...opened,
        datagrams,
        streams,
        listeners: [...(listener ? [listener] : []), ...(transports?.listeners ?? [])],
        streamAddress: options.streamAddress ?? streamAddressOf(options, datagrams, listener),
        replication: { ...replication, crc32: replication?.crc32 ?? fastestCrc32 },
      },
      opened.close,
    );
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** Throws `argument`. */
function check({ bind, address, transports, tls, keyring }: NodeOptions): void {
  if (transports?.streams && tls) {
    throw new NodeError('argument', 'tls cannot be combined with transports.streams');
  }
  if (transports?.datagrams && keyring) {
    const text = 'keyring cannot be combined with transports.datagrams: use encryptDatagrams';
    throw new NodeError('argument', text);
  }
  if (bind === undefined) {
    if (transports?.datagrams) return;
    throw new NodeError('argument', 'bind is required, such as 0.0.0.0:7946');
  }
  const { host, client } = parseAddress(bind);
  if (client !== undefined) {
    throw new NodeError('argument', `cannot bind to ${bind}: it is an address behind a gateway`);
  }
  if ((host === '0.0.0.0' || host === '::') && address === undefined) {
    const text = `bind is ${bind}: set address to where other members reach this node`;
    throw new NodeError('argument', text);
  }
}

/** Where others reach the streams, if that is not where they reach the datagrams. */
function streamAddressOf(
  { address }: NodeOptions,
  datagrams: DatagramTransport,
  listener: Listener | undefined,
): string | undefined {
  if (listener === undefined || address) return undefined;
  return listener.address === datagrams.localAddress ? undefined : listener.address;
}

interface OpenedLog extends Pick<PortableNodeOptions, 'log' | 'voteStore' | 'kinds'> {
  readonly close: () => Promise<void>;
}

async function openLog({ log, voteStore, kinds }: NodeOptions): Promise<OpenedLog> {
  if (log === undefined || !('path' in log)) {
    return { log, voteStore, kinds, close: async () => {} };
  }
  const { path, ...rest } = log;
  const opened = await openDurableLog({ ...rest, path: join(path, 'log') });
  return {
    log: opened,
    voteStore: voteStore ?? fileVoteStore(join(path, 'term')),
    kinds: rest.kinds ?? kinds,
    close: () => opened.close(),
  };
}

async function openDurableLog(options: LmdbLogOptions): Promise<LmdbLog> {
  try {
    // Imported only here: lmdb is a native addon, which a node without a durable log does not need.
    const { openLmdbLog } = await import('@shoal/log-lmdb');
    return await openLmdbLog(options);
  } catch (cause) {
    const missing = cause instanceof SyncupError && cause.code === 'missing-binary';
    throw missing ? new NodeError('missing-binary', cause.message, { cause }) : cause;
  }
}

interface OpenedTransports {
  readonly datagrams: DatagramTransport;
  readonly streams: StreamTransport;
  readonly listener: Listener | undefined;
}

async function openTransports(options: NodeOptions): Promise<OpenedTransports> {
  const { transports, tls, bind } = options;
  const streams = transports?.streams ?? (tls ? createTlsTransport(tls) : createTcpTransport());
  const datagrams = transports?.datagrams;
  if (datagrams === undefined) return bindBoth(options, bind!, streams);
  try {
    const listener = bind === undefined ? undefined : await streams.listen(bind);
    return { datagrams, streams, listener };
  } catch (error) {
    await datagrams.close();
    throw error;
  }
}

/** Binds UDP and streams to one port. */
async function bindBoth(
  { keyring, encryption: mode, label = 'shoal' }: NodeOptions,
  bind: string,
  streams: StreamTransport,
): Promise<OpenedTransports> {
  const { host, port } = parseAddress(bind);
  for (let attempt = 1; ; attempt++) {
    const listener = await streams.listen(bind);
    try {
      const { port: bound } = parseAddress(listener.address);
      const udp = await createUdpTransport({ bind: formatAddress({ host, port: bound }) });
      const datagrams = keyring ? encryptDatagrams(udp, { keyring, label, mode }) : udp;
      return { datagrams, streams, listener };
    } catch (error) {
      await listener.close();
      const inUse = error instanceof TransportError && error.code === 'in-use';
      if (!inUse || port !== 0 || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}
