import { constants } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { type PeerProof, type StreamTransport, TransportError } from '@shoal/transport';
import { wholeNumber } from '@shoal/transport/internal';
import type { SocketConnection } from '../sockets/socket-connection.ts';
import { type StreamOptions, streamLimits } from '../sockets/stream-options.ts';
import { secureTransport } from '../tls/secure-transport.ts';
import { encodeLabel } from './datagram-cipher.ts';
import type { Keyring } from './keyring.ts';

/** Options of {@link createKeyringTransport}. */
export interface KeyringTransportOptions extends StreamOptions {
  /** The keys. Changes to the keyring take effect at once. */
  readonly keyring: Keyring;
  /** The name of the cluster, 1..255 bytes of UTF-8. Peers with another one are refused. */
  readonly label: string;
  /** How long a peer of a listener may take for the handshake, in ms. Default 5000. */
  readonly handshakeTimeout?: number | undefined;
}

/** What both sides of a connection are made with. */
const SECURE = {
  minVersion: 'TLSv1.3',
  // The one cipher suite of TLS 1.3 for keys without a hash of their own (RFC 8446, 4.2.11).
  ciphers: 'TLS_AES_128_GCM_SHA256',
  // A ticket would let a peer return after its key was removed.
  secureOptions: constants.SSL_OP_NO_TICKET,
} as const;

/**
 * Creates a transport for framed connections that only holders of a key of the cluster can use: TLS
 * 1.3 with an external pre-shared key (RFC 8446, 4.2.11) and an ephemeral key exchange, so that
 * a key that leaks later does not reveal what was sent before. Framing, limits and timeouts are
 * those of `createTcpTransport`. The id of the key is `peer.keyId` of the connection.
 *
 * To change the key, do as with datagrams: `add` it on all members, then `use` it, then `remove`
 * the old one. A connection whose key is removed is aborted; its cause says so.
 *
 * `dial` rejects with `untrusted` if the peer does not have this side's primary key. Throws
 * `argument` for an option out of range, and `unsupported` on Bun and Deno, which lack pre-shared
 * keys: use `createTlsTransport` there.
 */
export function createKeyringTransport(options: KeyringTransportOptions): StreamTransport {
  checkRuntime();
  const { keyring } = options;
  const label = encodeLabel(options.label);
  const open = new OpenConnections(keyring);
  /** The keys that peers of a listener have named in their handshakes. */
  const named = new WeakMap<TLSSocket, string>();
  return secureTransport({
    limits: streamLimits(options),
    handshakeTimeout: wholeNumber(options, 'handshakeTimeout', { preset: 5000, min: 1 }),
    dialing() {
      const [keyId = ''] = keyring.ids;
      const psk = keyring.streamKey(keyId, label)!;
      return {
        options: {
          ...SECURE,
          // A certificate proves nothing here: `check` demands that the key was used.
          ca: [],
          checkServerIdentity: () => undefined,
          pskCallback: () => ({ psk, identity: keyId }),
        },
        check: (socket) => proofOf(socket, keyId),
        explain: (error) => explain(error, keyId),
      };
    },
    listening: () => ({
      ...SECURE,
      pskCallback(socket: TLSSocket, identity: string) {
        named.set(socket, identity);
        return keyring.streamKey(identity, label) ?? null;
      },
    }),
    checkAccepted: (socket) => proofOf(socket, named.get(socket)),
    onConnection: (connection) => open.add(connection),
  });
}

/** Throws `untrusted` unless the pre-shared key was used. */
function proofOf(socket: TLSSocket, keyId: string | undefined): PeerProof {
  if (keyId !== undefined && socket.isSessionReused()) return { keyId };
  throw new TransportError('untrusted', 'the peer has not proved that it has the key');
}

/** The alerts by which OpenSSL says that the other side has another key, or none. */
const REFUSED = /ALERT_(?:HANDSHAKE_FAILURE|ILLEGAL_PARAMETER|DECRYPT_ERROR|UNKNOWN_PSK_IDENTITY)/;
/** What OpenSSL says if the other side does not speak TLS, or not with a pre-shared key. */
const OTHER_PROTOCOL = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|RECORD_LAYER|NO_SHARED_CIPHER/;

function explain(error: TransportError, keyId: string): TransportError {
  const { code, message, cause } = error;
  if (REFUSED.test(message)) {
    const text = `${message}: the peer has no key ${keyId}, or belongs to another cluster`;
    return new TransportError('untrusted', text, { cause });
  }
  if (code === 'untrusted' || OTHER_PROTOCOL.test(message)) {
    const text = `${message}: the peer does not protect its streams with a keyring`;
    return new TransportError('untrusted', text, { cause });
  }
  return error;
}

/** The open connections of a transport: ends those whose key is removed. */
class OpenConnections {
  readonly #keyring: Keyring;
  readonly #open = new Set<SocketConnection>();
  #stopWatching: (() => void) | undefined;

  constructor(keyring: Keyring) {
    this.#keyring = keyring;
  }

  add(connection: SocketConnection): void {
    this.#open.add(connection);
    this.#stopWatching ??= this.#keyring.onRemove((keyId) => this.#end(keyId));
    void connection.over.then(() => {
      this.#open.delete(connection);
      if (this.#open.size > 0) return;
      this.#stopWatching?.();
      this.#stopWatching = undefined;
    });
  }

  #end(keyId: string): void {
    const reason = new TransportError('untrusted', `key ${keyId} was removed from the keyring`);
    for (const connection of this.#open) {
      if (connection.peer?.keyId === keyId) connection.abort(reason);
    }
  }
}

function checkRuntime(): void {
  const runtime = 'Bun' in globalThis ? 'Bun' : 'Deno' in globalThis ? 'Deno' : undefined;
  if (runtime === undefined) return;
  const text = `${runtime} has no TLS with pre-shared keys: protect streams by certificates, use tls`;
  throw new TransportError('unsupported', text);
}
