import { join } from 'node:path';
import * as zlib from 'node:zlib';
import type { LmdbLogOptions } from '@shoal/log-lmdb';
import type { LogStore } from '@shoal/syncup';
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
import { startNode } from './start-node.ts';
import { fileVoteStore } from './votes/file-vote-store.ts';

/** A durable log, opened and closed by the node. */
export interface LogPath extends Omit<LmdbLogOptions, 'path' | 'fingerprint' | 'durable'> {
  /** A directory of the node's own: `log/` is the log in it, `term` the promise. */
  readonly path: string;
}

/** What carries a node's bytes, in the place of UDP and TCP or TLS. */
export interface NodeTransports {
  /** Taken over. */
  readonly datagrams?: DatagramTransport;
  readonly streams?: StreamTransport;
  /** Further places to take streams at, such as a WebSocket listener. Taken over. */
  readonly listeners?: readonly Listener[];
}

/** What {@link createNode} is given. */
export interface NodeOptions
  extends Omit<PortableNodeOptions, 'datagrams' | 'streams' | 'listeners' | 'log'> {
  /**
   * Where to take datagrams and streams: one address for both. Port 0 takes a free one; with a
   * wildcard such as `0.0.0.0`, `address` says where others reach this node. Left out, with
   * `transports.datagrams`: takes no streams, as behind a gateway.
   */
  readonly bind?: string;
  /** Encrypts datagrams. */
  readonly keyring?: Keyring;
  /** Default `strict`. */
  readonly encryption?: EncryptionMode;
  /** Streams over TLS, both sides certified, instead of plain TCP. */
  readonly tls?: TlsOptions;
  /** Where the log is, or a log of your own, which you close. Default: none. */
  readonly log?: LogPath | LogStore;
  /** Default: UDP, and TCP or TLS. */
  readonly transports?: NodeTransports;
}

/** How often a free port is looked for that both UDP and TCP can have. */
const ATTEMPTS = 20;

/** Node 20.15 and later have it; it is several times faster. */
const fastCrc32 = (zlib as { crc32?: (bytes: Uint8Array) => number }).crc32 ?? crc32;

/**
 * Makes this process a member of a cluster, which may feed or follow a replicated log: SWIM over
 * UDP, streams over TCP or TLS on the same host and port.
 *
 * Rejects, with nothing left open: a `NodeError` with code `argument`, `corrupt` or `log`; a
 * `TransportError` such as `in-use`; a `SyncupError` of the log; a `SwimError`.
 */
export async function createNode(options: NodeOptions): Promise<ShoalNode> {
  const { log, replication, transports } = options;
  check(options);
  const opened = await openLog(log);
  try {
    const { datagrams, streams, listener } = await openTransports(options);
    const address = options.address ?? datagrams.localAddress;
    const elsewhere = listener !== undefined && !options.address && listener.address !== address;
    const { log: _log, bind: _bind, ...rest } = options;
    return await startNode(
      {
        ...(elsewhere ? { streamAddress: listener.address } : {}),
        ...rest,
        ...opened.options,
        datagrams,
        streams,
        listeners: [...(listener ? [listener] : []), ...(transports?.listeners ?? [])],
        replication: { crc32: fastCrc32, ...replication },
      },
      opened.close,
    );
  } catch (error) {
    await opened.close();
    throw error;
  }
}

function check({ bind, address, transports, tls, keyring }: NodeOptions): void {
  if (transports?.streams && tls) throw new NodeError('argument', 'tls is for streams over TCP');
  if (transports?.datagrams && keyring) {
    throw new NodeError('argument', 'a keyring is for UDP: encrypt datagrams of your own yourself');
  }
  if (bind === undefined) {
    if (transports?.datagrams) return;
    throw new NodeError('argument', 'a node needs an address to bind to');
  }
  const { host, client } = parseAddress(bind);
  if (client !== undefined) throw new NodeError('argument', `${bind} is behind a gateway`);
  if ((host === '0.0.0.0' || host === '::') && address === undefined) {
    throw new NodeError('argument', `bound to ${bind}, a node must say its address`);
  }
}

interface OpenedLog {
  readonly options: Pick<PortableNodeOptions, 'log' | 'voteStore' | 'kinds'>;
  readonly close: () => Promise<void>;
}

async function openLog(log: NodeOptions['log']): Promise<OpenedLog> {
  if (log === undefined) return { options: {}, close: async () => {} };
  if (!('path' in log)) return { options: { log }, close: async () => {} };
  const { path, ...rest } = log;
  // Only now: lmdb is a native addon, which a node without a durable log does not need.
  const { openLmdbLog } = await import('@shoal/log-lmdb');
  const opened = await openLmdbLog({ ...rest, path: join(path, 'log') });
  return {
    options: {
      log: opened,
      voteStore: fileVoteStore(join(path, 'term')),
      ...(rest.kinds === undefined ? {} : { kinds: rest.kinds }),
    },
    close: () => opened.close(),
  };
}

interface Opened {
  readonly datagrams: DatagramTransport;
  readonly streams: StreamTransport;
  readonly listener: Listener | undefined;
}

/** Binds datagrams and streams to one port. */
async function openTransports(options: NodeOptions): Promise<Opened> {
  const { transports, tls, keyring, encryption, label = 'shoal', bind } = options;
  const streams = transports?.streams ?? (tls ? createTlsTransport(tls) : createTcpTransport());
  const given = transports?.datagrams;
  if (given !== undefined || bind === undefined) {
    try {
      const listener = bind === undefined ? undefined : await streams.listen(bind);
      return { datagrams: given!, streams, listener };
    } catch (error) {
      await given?.close();
      throw error;
    }
  }
  const { host, port } = parseAddress(bind);
  for (let attempt = 1; ; attempt++) {
    const listener = await streams.listen(bind);
    try {
      const { port: taken } = parseAddress(listener.address);
      const udp = await createUdpTransport({ bind: formatAddress({ host, port: taken }) });
      const mode = encryption === undefined ? {} : { mode: encryption };
      const datagrams = keyring ? encryptDatagrams(udp, { keyring, label, ...mode }) : udp;
      return { datagrams, streams, listener };
    } catch (error) {
      await listener.close();
      const taken = error instanceof TransportError && error.code === 'in-use';
      if (!taken || port !== 0 || attempt === ATTEMPTS) throw error;
    }
  }
}
