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
  createKeyringTransport,
  createTcpTransport,
  createTlsTransport,
  createUdpTransport,
  type EncryptedDatagrams,
  type EncryptionOptions,
  encryptDatagrams,
  type Keyring,
  type StreamOptions,
  type TlsOptions,
} from '@shoal/transport-node';
import { crc32 } from '@shoal/wire';
import { NodeError } from './errors.ts';
import type { PortableNodeOptions } from './options.ts';
import type { ShoalNode } from './shoal-node.ts';
import { DEFAULT_LABEL, startNodeWith } from './start-node.ts';

/** A durable log, which the node opens and closes. */
export interface LogPath extends Omit<LmdbLogOptions, 'path' | 'fingerprint' | 'durable'> {
  /** A directory of this node alone. It holds the log, and the vote of this node with it, in `log/`. */
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
  extends Omit<PortableNodeOptions, 'datagrams' | 'encryption' | 'streams' | 'listeners' | 'log'> {
  /**
   * The address to bind, for datagrams and for streams. Port 0 takes a free one. With a wildcard
   * such as `0.0.0.0`, set `address` as well. May be left out with `transports.datagrams`; then the
   * node accepts no streams, as behind a gateway.
   */
  readonly bind?: string | undefined;
  /**
   * The secret keys of the cluster. Encrypts datagrams, and protects streams unless `tls` does: a
   * node without the key cannot join, read the log, vote or acknowledge. Default: none; anyone who
   * can reach this node can do all of that.
   */
  readonly keyring?: Keyring | undefined;
  /** How strictly datagrams must be encrypted, and what limits replays. Needs `keyring`. */
  readonly encryption?: Pick<EncryptionOptions, 'mode' | 'maxClockSkew' | 'maxSenders'> | undefined;
  /**
   * Protects streams by TLS with certificates on both sides. A node may then use the names in its
   * certificate only: see `namesOf`.
   */
  readonly tls?: TlsOptions | undefined;
  /**
   * With a keyring and without `tls`: leaves streams unprotected, so that anyone who can reach this
   * node can read the log, vote and acknowledge. For networks that protect streams themselves.
   * Default false.
   */
  readonly insecurePlainStreams?: boolean | undefined;
  /** The path of a durable log, or a log that stays open when the node closes. Default: none. */
  readonly log?: LogPath | LogStore | undefined;
  /** Default: UDP, and TCP or TLS. */
  readonly transports?: NodeTransports | undefined;
}

/** What strangers get: a first frame that names a service, and a place that others may take. */
const STREAM_LIMITS: StreamOptions = {
  maxFirstFrameLength: 1024,
  maxConnectionsPerHost: 512,
  whenFull: 'replace',
};

/** How many free TCP ports to try until UDP can have the same one. */
const PORT_ATTEMPTS = 20;

/** That of Node.js 20.15 and later is several times faster. */
const fastestCrc32 = (zlib as { crc32?: (bytes: Uint8Array) => number }).crc32 ?? crc32;

/**
 * Makes this process a member of a cluster, which may lead or follow a replicated log: SWIM over
 * UDP, and streams over TCP or TLS, on one host and port. Without `keyring` and `tls`, everyone who
 * can reach it is trusted.
 *
 * Rejects, with nothing left open: a `NodeError` with code `argument`, `missing-binary`, `corrupt`,
 * `version` or `log`; a `TransportError` such as `in-use`; a `SyncupError` of the log; a `SwimError`.
 */
export async function createNode(options: NodeOptions): Promise<ShoalNode> {
  check(options);
  const { bind: _bind, log: _log, replication, transports, ...rest } = options;
  const opened = await openLog(options);
  try {
    const { datagrams, encryption, streams, listener } = await openTransports(options);
    return await startNodeWith(
      {
        ...rest,
        ...opened,
        datagrams,
        encryption,
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
function check(options: NodeOptions): void {
  const { bind, address, transports } = options;
  checkProtection(options);
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

/** Throws `argument` for options of keyring and TLS that do not fit together. */
function checkProtection(options: NodeOptions): void {
  const { transports, tls, keyring, encryption, insecurePlainStreams = false } = options;
  if (transports?.streams && tls) {
    throw new NodeError('argument', 'tls cannot be combined with transports.streams');
  }
  if (tls?.mutual === false) {
    const text = 'tls.mutual cannot be false: nodes must prove who they are in both directions';
    throw new NodeError('argument', text);
  }
  if (transports?.datagrams && keyring) {
    const text = 'keyring cannot be combined with transports.datagrams: use encryptDatagrams';
    throw new NodeError('argument', `${text} and createKeyringTransport`);
  }
  if (encryption && !keyring) {
    throw new NodeError('argument', 'encryption needs a keyring');
  }
  if (insecurePlainStreams && (!keyring || tls)) {
    throw new NodeError('argument', 'insecurePlainStreams is for a keyring without tls');
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

interface OpenedLog extends Pick<PortableNodeOptions, 'log' | 'kinds'> {
  readonly close: () => Promise<void>;
}

async function openLog({ log, kinds }: NodeOptions): Promise<OpenedLog> {
  if (log === undefined || !('path' in log)) {
    return { log, kinds, close: async () => {} };
  }
  const { path, ...rest } = log;
  const opened = await openDurableLog({ ...rest, path: join(path, 'log') });
  return {
    log: opened,
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
  readonly encryption?: EncryptedDatagrams | undefined;
  readonly streams: StreamTransport;
  readonly listener: Listener | undefined;
}

async function openTransports(options: NodeOptions): Promise<OpenedTransports> {
  const { transports, bind } = options;
  const streams = transports?.streams ?? createStreams(options);
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

/** Streams that are protected by what the options provide. */
function createStreams(options: NodeOptions): StreamTransport {
  const { tls, keyring, label = DEFAULT_LABEL, insecurePlainStreams = false } = options;
  if (tls) return createTlsTransport({ ...STREAM_LIMITS, ...tls });
  if (keyring && !insecurePlainStreams) {
    return createKeyringTransport({ ...STREAM_LIMITS, keyring, label });
  }
  return createTcpTransport(STREAM_LIMITS);
}

/** Binds UDP and streams to one port. */
async function bindBoth(
  { keyring, encryption: options, label = DEFAULT_LABEL }: NodeOptions,
  bind: string,
  streams: StreamTransport,
): Promise<OpenedTransports> {
  const { host, port } = parseAddress(bind);
  for (let attempt = 1; ; attempt++) {
    const listener = await streams.listen(bind);
    try {
      const { port: bound } = parseAddress(listener.address);
      const udp = await createUdpTransport({ bind: formatAddress({ host, port: bound }) });
      if (keyring === undefined) return { datagrams: udp, streams, listener };
      const encrypted = encryptDatagrams(udp, { ...options, keyring, label });
      return { datagrams: encrypted, encryption: encrypted, streams, listener };
    } catch (error) {
      await listener.close();
      const inUse = error instanceof TransportError && error.code === 'in-use';
      if (!inUse || port !== 0 || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}
