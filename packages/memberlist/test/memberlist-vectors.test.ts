import { ByteReader } from '@shoal/wire';
import { describe, expect, it } from 'vitest';
import { readLabel } from '../src/seal/label.ts';
import { Seal, STREAM_CIPHER_HEADER } from '../src/seal/seal.ts';
import { encodeMemberlistStream, type StreamSide } from '../src/streams/stream.ts';
import { decodeStreamBody } from '../src/streams/stream-body.ts';
import { MemberlistStreamDecoder } from '../src/streams/stream-decoder.ts';
import { encryptionWith } from './aes-gcm.test-helper.ts';
import { packetBodyAgain, streamBodyAgain } from './again.test-helper.ts';
import { fromHex, RELEASES, readVectors, toHex, type Vector } from './vectors.test-helper.ts';

// What real members sent. All of it must be read to the last byte, as another program read it, and
// encode to the same bytes.

const NONCE = { start: 1, end: 13 };

/** The keys of the cluster. The scenario "errors" shows a stream in clear that a keyring refuses. */
function keysOf({ scenario, keys = [] }: Vector, reply: boolean): Uint8Array[] {
  if (scenario === 'errors' && reply) return [fromHex('01'.repeat(16))];
  return keys.map(fromHex);
}

/**
 * The seal of a cluster that encrypts as `cipher` was: with its version and its nonce, and with each
 * key in turn as the primary one.
 */
function sealLike({ label }: Vector, keys: readonly Uint8Array[], cipher?: Uint8Array): Seal[] {
  if (keys.length === 0) return [new Seal({ label })];
  const version = cipher?.[0] === 0 ? 0 : 1;
  const random = (): Uint8Array => cipher?.slice(NONCE.start, NONCE.end) ?? new Uint8Array(12);
  return keys.map((primary) => {
    const others = keys.filter((each) => each !== primary);
    const encryption = encryptionWith([primary, ...others], { version, random });
    return new Seal({ label, encryption });
  });
}

function afterLabel(bytes: Uint8Array, seal: Seal): Uint8Array {
  const reader = new ByteReader(bytes);
  readLabel(reader, seal.labelHeader);
  return bytes.subarray(reader.offset);
}

function isSerf({ scenario }: Vector): boolean {
  return scenario.startsWith('serf');
}

function checkPacket(vector: Vector): void {
  const bytes = fromHex(vector.hex);
  const keys = keysOf(vector, false);
  const [reading] = sealLike(vector, keys);
  const cipher = keys.length > 0 ? afterLabel(bytes, reading!) : undefined;
  const { read, bytes: body } = packetBodyAgain(reading!.openPacket(bytes), isSerf(vector));
  const crc = vector.read['crc'] === true;
  const outside = {
    ...(vector.label !== undefined && { label: vector.label }),
    ...(cipher && { encryption: cipher[0] }),
    ...(crc && { crc }),
  };
  expect({ ...outside, ...read }).toEqual(vector.read);
  const seals = sealLike(vector, keys, cipher);
  expect(seals.map((seal) => toHex(seal.sealPacket(body, crc)))).toContain(vector.hex);
}

/** One side of a stream: its bytes in hexadecimal, and what was read in them. */
function checkStream(vector: Vector, from: StreamSide, hex: string, expected: object): void {
  const bytes = fromHex(hex);
  const keys = keysOf(vector, from === 'acceptor');
  const [reading] = sealLike(vector, keys);
  const decoder = new MemberlistStreamDecoder({ seal: reading!, from });
  const message = decoder.push(bytes);
  decoder.finish();
  expect(decoder.trailing).toBe(0);

  const rest = from === 'dialer' ? afterLabel(bytes, reading!) : bytes;
  const cipher = keys.length > 0 ? rest.subarray(STREAM_CIPHER_HEADER) : undefined;
  const body = cipher ? reading!.openStream(rest) : rest;
  const again = streamBodyAgain(body, isSerf(vector));
  expect(toHex(again.bytes)).toBe(toHex(body));
  expect(message).toEqual(decodeStreamBody(body, 1_000_000));
  const { compressed, ...inside } = expected as { compressed?: number };
  const compress = compressed !== undefined;
  const outside = {
    ...(from === 'dialer' && vector.label !== undefined && { label: vector.label }),
    ...(cipher && { encryption: cipher[0] }),
  };
  expect({ ...outside, ...again.read }).toEqual(inside);
  const seals = sealLike(vector, keys, cipher);
  const encoded = seals.map((seal) => encodeMemberlistStream(message!, { seal, from, compress }));
  expect(encoded.map(toHex)).toContain(hex);
}

describe.each(RELEASES)('memberlist %s', (release) => {
  const vectors = readVectors(release).map((vector, i) => ({
    name: `${i} ${vector.scenario} ${vector.kind}`,
    vector,
  }));

  it.each(vectors.filter(({ vector }) => vector.kind === 'packet'))('$name', ({ vector }) => {
    checkPacket(vector);
  });

  it.each(vectors.filter(({ vector }) => vector.kind === 'stream'))('$name', ({ vector }) => {
    const { sent, reply } = vector.read as { sent: object; reply: object };
    checkStream(vector, 'dialer', vector.hex, sent);
    if (vector.reply !== undefined) checkStream(vector, 'acceptor', vector.reply, reply);
    else expect(reply).toEqual({ nothing: true });
  });
});
