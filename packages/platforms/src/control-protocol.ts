import type { StreamConformanceLimits } from '@shoal/testkit/conformance';
import { TransportError, type TransportErrorCode } from '@shoal/transport';
import type { CaseResult } from './case-runner.ts';

/** A request from the suites, inside a platform, to the Node process that started them. */
export type Request =
  | { type: 'listen'; address: string; limits: Partial<StreamConformanceLimits>; token?: string }
  | { type: 'accept'; listener: number }
  | { type: 'unlisten'; listener: number }
  | { type: 'send'; connection: number }
  | { type: 'ready'; connection: number }
  | { type: 'read'; connection: number }
  | { type: 'close'; connection: number }
  | { type: 'abort'; connection: number; reason: string }
  | { type: 'garbage'; address: string }
  | { type: 'gateway' }
  | { type: 'stray'; to: string }
  | { type: 'cluster' }
  | { type: 'digests' }
  | { type: 'case'; result: CaseResult }
  | { type: 'done' };

/** A cluster in Node: where to join, and which log to follow. */
export interface ClusterInfo {
  /** The address of the gateway. */
  readonly door: string;
  readonly members: readonly string[];
  readonly feeder: string;
  /** The digest of the feeder's log. */
  readonly last: number;
  readonly digest: string;
}

/** An answer. The `bytes` of a frame follow it. */
export type Answer =
  | { type: 'ok' }
  | { type: 'end' }
  | { type: 'frame' }
  | { type: 'listening'; listener: number; address: string }
  | { type: 'accepted'; connection: number; remoteAddress: string }
  | { type: 'gateway'; door: string }
  | { type: 'cluster'; cluster: ClusterInfo }
  | { type: 'digests'; digests: readonly string[] }
  | { type: 'error'; code: TransportErrorCode | undefined; message: string };

/** A message: its id, its text, and the bytes after it. */
export interface Envelope<Message> {
  readonly id: number;
  readonly message: Message;
  readonly bytes: Uint8Array;
}

const HEADER = 8;

/** Encodes the `id` and the length of the text (32 bits each), the text as JSON, and the bytes. */
export function encode<Message>({
  id,
  message,
  bytes,
}: Envelope<Message>): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(JSON.stringify(message));
  const encoded = new Uint8Array(HEADER + text.length + bytes.length);
  const view = new DataView(encoded.buffer);
  view.setUint32(0, id);
  view.setUint32(4, text.length);
  encoded.set(text, HEADER);
  encoded.set(bytes, HEADER + text.length);
  return encoded;
}

export function decode<Message>(encoded: Uint8Array): Envelope<Message> {
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.length);
  const end = HEADER + view.getUint32(4);
  const text = new TextDecoder().decode(encoded.subarray(HEADER, end));
  return { id: view.getUint32(0), message: JSON.parse(text), bytes: encoded.slice(end) };
}

/** Encodes an error for the platform, which recreates it from the answer. */
export function errorAnswer(error: unknown): Answer {
  const code = error instanceof TransportError ? error.code : undefined;
  return { type: 'error', code, message: String(error) };
}

export function answerError({ code, message }: Extract<Answer, { type: 'error' }>): Error {
  return code === undefined ? new Error(message) : new TransportError(code, message);
}
