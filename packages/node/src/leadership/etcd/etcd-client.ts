import { NodeError, toError } from '../../errors.ts';

/** Where etcd is, and how it is spoken with. */
export interface EtcdOptions {
  /** Client URLs, such as `http://127.0.0.1:2379`; the next one is tried when one fails. */
  readonly endpoints: readonly string[];
  /** For etcd's own authentication; both or neither. */
  readonly username?: string;
  readonly password?: string;
  /** Sent with each request, for a proxy before etcd. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: the global one. Another one may bring certificates of its own. */
  readonly fetch?: typeof fetch;
}

/** A key as it is in etcd. */
interface EtcdKey {
  readonly value: string;
  /** When it came to be: higher for each life of the key. */
  readonly createRevision: bigint;
  /** The lease that it lives by; `0` without one. */
  readonly lease: string;
}

/** A key, or none, and the revision of the whole store at which that was so. */
export interface EtcdLook {
  readonly key: EtcdKey | undefined;
  readonly revision: bigint;
}

interface KeyValue {
  readonly value?: string;
  readonly create_revision?: string;
  readonly lease?: string;
}

interface RangeReply {
  readonly header?: { readonly revision?: string };
  readonly kvs?: readonly KeyValue[];
}

interface Reply extends RangeReply {
  readonly ID?: string;
  readonly TTL?: string;
  readonly token?: string;
  readonly succeeded?: boolean;
  readonly result?: {
    readonly TTL?: string;
    readonly events?: unknown;
    readonly canceled?: boolean;
  };
  readonly responses?: readonly { readonly response_range?: RangeReply }[];
  readonly error?: string | { readonly message?: string };
  readonly message?: string;
  readonly code?: number;
}

/** How a request ends: by its signal, or when it has taken this many ms. */
interface Patience {
  readonly signal: AbortSignal;
  readonly timeout: number;
}

/** The code of gRPC for a token that is missing or has expired. */
const UNAUTHENTICATED = 16;

/** What an election needs of etcd's API v3, by its JSON gateway: leases, one key, and a watch. */
export class EtcdClient {
  readonly #options: EtcdOptions;
  readonly #fetch: typeof fetch;
  #endpoint = 0;
  #token: string | undefined;

  /** Throws `argument`. */
  constructor(options: EtcdOptions) {
    const { endpoints, username, password } = options;
    if (endpoints.length === 0 || !endpoints.every((url) => /^https?:\/\//.test(url))) {
      throw new NodeError('argument', 'endpoints are one or more http: or https: URLs');
    }
    if ((username === undefined) !== (password === undefined)) {
      throw new NodeError('argument', 'username and password belong together');
    }
    this.#options = options;
    this.#fetch = options.fetch ?? fetch;
  }

  /** Grants a lease of `ttl` seconds; etcd may make it longer. */
  async grant(ttl: number, patience: Patience): Promise<{ id: string; ttl: number }> {
    const { ID, TTL } = await this.#call('/v3/lease/grant', { TTL: String(ttl) }, patience);
    return { id: text(ID), ttl: Number(text(TTL)) };
  }

  /** Renews a lease: the seconds that it has, or 0 when there is no such lease any more. */
  async keepAlive(lease: string, patience: Patience): Promise<number> {
    const { result } = await this.#call('/v3/lease/keepalive', { ID: lease }, patience);
    return Number(result?.TTL ?? 0);
  }

  async revoke(lease: string, patience: Patience): Promise<void> {
    await this.#call('/v3/lease/revoke', { ID: lease }, patience);
  }

  async look(key: string, patience: Patience): Promise<EtcdLook> {
    return lookOf(await this.#call('/v3/kv/range', { key: base64(key) }, patience));
  }

  /** Makes the key unless it is there; either way, says how it is then. */
  async take(key: string, value: string, lease: string, patience: Patience): Promise<EtcdLook> {
    const range = { request_range: { key: base64(key) } };
    const reply = await this.#call(
      '/v3/kv/txn',
      {
        compare: [{ key: base64(key), target: 'CREATE', result: 'EQUAL', create_revision: '0' }],
        success: [{ request_put: { key: base64(key), value: base64(value), lease } }, range],
        failure: [range],
      },
      patience,
    );
    const found = reply.responses?.at(-1)?.response_range;
    return lookOf({ ...found, ...(reply.header ? { header: reply.header } : {}) });
  }

  /** Resolves when the key changes after `revision`, or when the time is over. */
  async changed(key: string, revision: bigint, { signal, timeout }: Patience): Promise<void> {
    const start_revision = String(revision + 1n);
    const body = { create_request: { key: base64(key), start_revision } };
    await this.#request('/v3/watch', body, { signal, timeout }, async (response) => {
      let rest = '';
      const decoder = new TextDecoder();
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
        rest = lines.pop()!;
        for (const line of lines) {
          const { result, error } = parse(line);
          if (result?.events !== undefined || result?.canceled || error !== undefined) return;
        }
        if (rest.length > MAX_LINE) throw new NodeError('leadership', 'etcd sent too long a line');
      }
    });
  }

  /** One request and its reply; authenticates first where that is wanted. */
  async #call(path: string, body: object, patience: Patience): Promise<Reply> {
    const { username: name, password } = this.#options;
    for (let attempt = 1; ; attempt++) {
      if (name !== undefined && this.#token === undefined) {
        const reply = await this.#post('/v3/auth/authenticate', { name, password }, patience);
        this.#token = text(reply.token);
      }
      try {
        return await this.#post(path, body, patience);
      } catch (error) {
        const expired = error instanceof EtcdError && error.grpcCode === UNAUTHENTICATED;
        if (!expired || name === undefined || attempt > 1) throw error;
        this.#token = undefined;
      }
    }
  }

  #post(path: string, body: object, patience: Patience): Promise<Reply> {
    return this.#request(path, body, patience, async (response) => {
      const reply = parse(await response.text());
      if (response.ok && reply.error === undefined) return reply;
      const said = typeof reply.error === 'string' ? reply.error : reply.error?.message;
      throw new EtcdError(reply.code, `${path}: ${said ?? reply.message ?? response.status}`);
    });
  }

  /** Ends the request, and its body, when `take` has settled. */
  async #request<T>(
    path: string,
    body: object,
    { signal, timeout }: Patience,
    take: (response: Response) => Promise<T>,
  ): Promise<T> {
    const { endpoints, headers } = this.#options;
    const endpoint = endpoints[this.#endpoint % endpoints.length]!.replace(/\/$/, '');
    const stop = new AbortController();
    const onAbort = (): void => stop.abort(signal.reason);
    const late = new NodeError('leadership', `etcd did not answer within ${timeout} ms`);
    const timer = setTimeout(() => stop.abort(late), Math.max(1, timeout));
    signal.addEventListener('abort', onAbort);
    try {
      signal.throwIfAborted();
      const response = await this.#fetch(endpoint + path, {
        method: 'POST',
        headers: {
          ...headers,
          'content-type': 'application/json',
          ...(this.#token === undefined ? {} : { authorization: this.#token }),
        },
        body: JSON.stringify(body),
        signal: stop.signal,
      });
      return await take(response);
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof EtcdError) throw cause;
      // Out of reach, or not etcd: perhaps another endpoint is.
      this.#endpoint++;
      if (stop.signal.aborted) throw late;
      throw new NodeError('leadership', `${endpoint}: ${toError(cause).message}`, { cause });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      stop.abort();
    }
  }
}

/** How long a line of a watch may be, in characters. */
const MAX_LINE = 1 << 20;

/** What etcd has refused. */
class EtcdError extends NodeError {
  readonly grpcCode: number | undefined;

  constructor(grpcCode: number | undefined, message: string) {
    super('leadership', `etcd refused ${message}`);
    this.grpcCode = grpcCode;
  }
}

function parse(json: string): Reply {
  let reply: unknown;
  try {
    reply = JSON.parse(json);
  } catch {
    // Dealt with below.
  }
  if (typeof reply === 'object' && reply !== null) return reply as Reply;
  throw new NodeError('leadership', 'etcd sent what is no JSON object');
}

function lookOf({ header, kvs }: RangeReply): EtcdLook {
  const found = kvs?.[0];
  return {
    revision: BigInt(header?.revision ?? 0),
    key: found && {
      value: decode(found.value ?? ''),
      createRevision: BigInt(text(found.create_revision)),
      lease: found.lease ?? '0',
    },
  };
}

/** A field that must be there: int64s are text in JSON. */
function text(field: string | undefined): string {
  if (typeof field === 'string' && field !== '') return field;
  throw new NodeError('leadership', 'etcd left out a field');
}

function base64(value: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(value)));
}

function decode(value: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(value), (c) => c.charCodeAt(0)));
}
