import type { Connection, Listener, StreamTransport } from '@shoal/transport';
import { check } from '../checks.ts';
import { Cleanup } from '../test-runner.ts';

/** The limits that a case requires of a transport. Sizes are in bytes, times in ms. */
export interface StreamConformanceLimits {
  readonly maxFrameLength: number;
  readonly highWaterMark: number;
  readonly maxBuffered: number;
  readonly receiveHighWaterMark: number;
  readonly dialTimeout: number;
  readonly closeTimeout: number;
  readonly maxConnections: number;
}

/** Describes the transport under test. */
export interface StreamConformanceSetup {
  /** The name of the transport in the report. */
  readonly name: string;
  /**
   * Creates a transport with these limits; called several times in a case. It may return one
   * transport for both roles, or one that only dials and another one that only listens.
   */
  create(
    limits: StreamConformanceLimits,
    role: 'dial' | 'listen',
  ): StreamTransport | Promise<StreamTransport>;
  /** Where to listen, with port 0. Default `127.0.0.1:0`. */
  readonly address?: string | undefined;
  /**
   * Whether a dialed connection pauses its peer while its frames are not read. If false (a
   * browser's WebSocket cannot), the connection must be aborted with `overflow`. Default true.
   */
  readonly pauses?: boolean | undefined;
  /**
   * Connects to a listener without speaking the transport's protocol, and resolves when the
   * listener has ended the connection. Default: the case is skipped.
   */
  readonly garbage?: ((address: string) => Promise<void>) | undefined;
}

const LIMITS: StreamConformanceLimits = {
  maxFrameLength: 1 << 20,
  highWaterMark: 1 << 18,
  maxBuffered: 1 << 23,
  receiveHighWaterMark: 1 << 18,
  dialTimeout: 10_000,
  closeTimeout: 2000,
  maxConnections: 64,
};

/** What a case works with. */
export class StreamTestBed {
  readonly setup: StreamConformanceSetup;
  readonly cleanup: Cleanup = new Cleanup();

  constructor(setup: StreamConformanceSetup) {
    this.setup = setup;
  }

  get address(): string {
    return this.setup.address ?? '127.0.0.1:0';
  }

  async transport(
    role: 'dial' | 'listen',
    limits: Partial<StreamConformanceLimits> = {},
  ): Promise<StreamTransport> {
    return this.setup.create({ ...LIMITS, ...limits }, role);
  }

  async listen(limits: Partial<StreamConformanceLimits> = {}): Promise<Listener> {
    const listener = await (await this.transport('listen', limits)).listen(this.address);
    this.cleanup.add(() => listener.close());
    return listener;
  }

  async dial(address: string, limits: Partial<StreamConformanceLimits> = {}): Promise<Connection> {
    return this.keep(await (await this.transport('dial', limits)).dial(address));
  }

  /** Aborts the connection after the case. */
  keep(connection: Connection): Connection {
    this.cleanup.add(() => connection.abort(new Error('the case is over')));
    return connection;
  }

  /** Both ends of a connection: the dialing one and the accepting one. */
  async pair(
    near: Partial<StreamConformanceLimits> = {},
    far: Partial<StreamConformanceLimits> = {},
  ): Promise<[near: Connection, far: Connection]> {
    const listener = await this.listen(far);
    const dialed = await this.dial(listener.address, near);
    return [dialed, this.keep(await next(listener))];
  }
}

/** The next item of an iterable. Leaves the iterable open. */
export async function next<T>(from: AsyncIterable<T>): Promise<T> {
  const result = await from[Symbol.asyncIterator]().next();
  check(!result.done, 'the loop must continue');
  return result.value;
}

/** All frames up to the end. */
export async function all(from: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  for await (const frame of from) frames.push(frame);
  return frames;
}
