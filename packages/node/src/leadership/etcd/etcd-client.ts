import { onAbort, toError } from '@shoal/async';
import { NodeError } from '../../errors.ts';

/** How to reach etcd. */
export interface EtcdOptions {
  /** Client URLs, such as `http://127.0.0.1:2379`. If one fails, the next one is tried. */
  readonly endpoints: readonly string[];
  /** The user of etcd's own authentication. Set it together with `password`. Default: none. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Sent with each request, for a proxy in front of etcd. Default: none. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sends the requests, for example with a client certificate. Default: the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
}

/** A key in etcd. */
interface EtcdKey {
  readonly value: string;
  /** The revision at which it was created. Higher each time that it is created. */
  readonly createRevision: bigint;
  /** The lease that the key is attached to; `0` without one. */
  readonly lease: string;
}

/** What a key held at a revision of the whole store. */
export interface EtcdLookup {
  /** Undefined if the key does not exist. */
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

/** What ends a request early. */
interface RequestLimits {
  readonly signal: AbortSignal;
  /** How long the request may take, in ms. */
  readonly timeout: number;
}

/** The gRPC code for a token that is missing or has expired. */
const UNAUTHENTICATED = 16;

/** The part of etcd's API v3 that an election needs, over its JSON gateway. */
export class EtcdClient {
  readonly #options: EtcdOptions;
  readonly #fetch: typeof fetch;
  #endpoint = 0;
  #token: string | undefined;

  /** Throws `argument`. */
  constructor(options: EtcdOptions) {
    const { endpoints, username, password } = options;
    if (endpoints.length === 0 || !endpoints.every((url) => /^https?:\/\//.test(url))) {
      throw new NodeError('argument', 'endpoints must be one or more http: or https: URLs');
    }
    if ((username === undefined) !== (password === undefined)) {
      throw new NodeError('argument', 'username and password must be set together');
    }
    this.#options = options;
    this.#fetch = options.fetch ?? fetch;
  }

  /** Grants a lease of `ttl` seconds; etcd may make it longer. */
  async grant(ttl: number, limits: RequestLimits): Promise<{ id: string; ttl: number }> {
    const { ID, TTL } = await this.#call('/v3/lease/grant', { TTL: String(ttl) }, limits);
    return { id: text(ID), ttl: Number(text(TTL)) };
  }

  /** Renews a lease. Resolves with its seconds; 0 if it no longer exists. */
  async keepAlive(lease: string, limits: RequestLimits): Promise<number> {
    const { result } = await this.#call('/v3/lease/keepalive', { ID: lease }, limits);
    return Number(result?.TTL ?? 0);
  }

  /** Ends a lease, and removes the keys that are attached to it. */
  async revoke(lease: string, limits: RequestLimits): Promise<void> {
    await this.#call('/v3/lease/revoke', { ID: lease }, limits);
  }

  /** Looks a key up. */
  async lookUp(key: string, limits: RequestLimits): Promise<EtcdLookup> {
    return lookupOf(await this.#call('/v3/kv/range', { key: base64(key) }, limits));
  }

  /** Creates the key unless it exists. Resolves with the key that exists afterwards. */
  async take(
    key: string,
    value: string,
    lease: string,
    limits: RequestLimits,
  ): Promise<EtcdLookup> {
    const range = { request_range: { key: base64(key) } };
    const reply = await this.#call(
      '/v3/kv/txn',
      {
        compare: [{ key: base64(key), target: 'CREATE', result: 'EQUAL', create_revision: '0' }],
        success: [{ request_put: { key: base64(key), value: base64(value), lease } }, range],
        failure: [range],
      },
      limits,
    );
    const found = reply.responses?.at(-1)?.response_range;
    return lookupOf({ ...found, ...(reply.header ? { header: reply.header } : {}) });
  }

  /** Resolves when the key changes after `revision`, or the watch ends. Rejects at the timeout. */
  async changed(key: string, revision: bigint, limits: RequestLimits): Promise<void> {
    const start_revision = String(revision + 1n);
    const body = { create_request: { key: base64(key), start_revision } };
    await this.#request('/v3/watch', body, limits, async (response) => {
      for await (const line of linesOf(response)) {
        const { result, error } = parse(line);
        if (result?.events !== undefined || result?.canceled || error !== undefined) return;
      }
    });
  }

  /** Sends a request and returns its reply. Authenticates first if there is a user. */
  async #call(path: string, body: object, limits: RequestLimits): Promise<Reply> {
    const { username: name, password } = this.#options;
    for (let attempt = 1; ; attempt++) {
      if (name !== undefined && this.#token === undefined) {
        const reply = await this.#post('/v3/auth/authenticate', { name, password }, limits);
        this.#token = text(reply.token);
      }
      try {
        return await this.#post(path, body, limits);
      } catch (error) {
        const expired = error instanceof EtcdError && error.grpcCode === UNAUTHENTICATED;
        if (!expired || name === undefined || attempt > 1) throw error;
        this.#token = undefined;
      }
    }
  }

  #post(path: string, body: object, limits: RequestLimits): Promise<Reply> {
    return this.#request(path, body, limits, async (response) => {
      const reply = parse(await response.text());
      if (response.ok && reply.error === undefined) return reply;
      const said = typeof reply.error === 'string' ? reply.error : reply.error?.message;
      throw new EtcdError(reply.code, `${path}: ${said ?? reply.message ?? response.status}`);
    });
  }

  /** Sends a request, and ends it, with its body, once `take` has settled. */
  async #request<T>(
    path: string,
    body: object,
    { signal, timeout }: RequestLimits,
    take: (response: Response) => Promise<T>,
  ): Promise<T> {
    const { endpoints, headers } = this.#options;
    const endpoint = endpoints[this.#endpoint % endpoints.length]!.replace(/\/$/, '');
    const stop = new AbortController();
    const overdue = `etcd at ${endpoint} did not answer within ${timeout} ms`;
    const late = new NodeError('leadership', overdue);
    const timer = setTimeout(() => stop.abort(late), Math.max(1, timeout));
    const cancelAbort = onAbort(signal, () => stop.abort(signal.reason));
    try {
      const response = await this.#fetch(endpoint + path, {
        method: 'POST',
        headers: {
          ...headers,
          'content-type': 'application/json',
          ...(this.#token && { authorization: this.#token }),
        },
        body: JSON.stringify(body),
        signal: stop.signal,
      });
      return await take(response);
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof EtcdError) throw cause;
      // Unreachable, or not etcd: the next request goes to another endpoint.
      this.#endpoint++;
      if (stop.signal.aborted) throw late;
      const text = `the request to etcd at ${endpoint} failed: ${toError(cause).message}`;
      throw new NodeError('leadership', text, { cause });
    } finally {
      clearTimeout(timer);
      cancelAbort();
      stop.abort();
    }
  }
}

/** The longest line of a watch, in characters. */
const MAX_LINE = 1 << 20;

/** A request that etcd refused. */
class EtcdError extends NodeError {
  readonly grpcCode: number | undefined;

  constructor(grpcCode: number | undefined, message: string) {
    super('leadership', `etcd refused the request ${message}`);
    this.grpcCode = grpcCode;
  }
}

/** The lines of a body. Throws `leadership` for one that is too long. */
async function* linesOf(response: Response): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop()!;
    yield* lines;
    if (rest.length > MAX_LINE) {
      throw new NodeError('leadership', `etcd sent a line of more than ${MAX_LINE} characters`);
    }
  }
}

/** Throws `leadership`. */
function parse(json: string): Reply {
  let reply: unknown;
  try {
    reply = JSON.parse(json);
  } catch {
    // Reported below.
  }
  if (typeof reply === 'object' && reply !== null) return reply as Reply;
  throw new NodeError('leadership', 'etcd sent a reply that is not a JSON object');
}

function lookupOf({ header, kvs }: RangeReply): EtcdLookup {
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

/** A required field. int64s are text in JSON. */
function text(field: string | undefined): string {
  if (typeof field === 'string' && field !== '') return field;
  throw new NodeError('leadership', 'a required field is missing in the reply of etcd');
}

function base64(value: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(value)));
}

function decode(value: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(value), (c) => c.charCodeAt(0)));
}
