import { ByteReader, ByteWriter } from '@shoal/wire';
import { describe, expect, it } from 'vitest';
import { readMapHead, readText } from '../msgpack/read.ts';
import { skipValue } from '../msgpack/scan.ts';
import type { Struct } from '../msgpack/struct.ts';
import { RELAY_HEADER, SERF_STRUCTS } from '../serf/serf-layouts.ts';
import { COMPRESSED, NODE_STATE, PUSH_PULL_HEADER, structOf, USER_HEADER } from './layouts.ts';

const types = ['ping', 'indirectPing', 'ack', 'nack', 'suspect', 'alive', 'dead', 'error'];
const structs = [
  COMPRESSED,
  NODE_STATE,
  PUSH_PULL_HEADER,
  USER_HEADER,
  RELAY_HEADER,
  ...types.map((type) => structOf(type)!),
  ...Object.values(SERF_STRUCTS),
] as Struct<Record<string, unknown>>[];

/** Something that is not empty, so that no field is left out. */
function filled(zero: Record<string, unknown>): Record<string, unknown> {
  const value = (each: unknown): unknown => {
    if (each === 0) return 1;
    if (each === 0n) return 1n;
    return each === undefined ? new Uint8Array(1) : each || 'x';
  };
  return Object.fromEntries(Object.entries(zero).map(([name, each]) => [name, value(each)]));
}

describe('layouts', () => {
  it.each(structs)('have their keys in the order of go-msgpack', (struct) => {
    const writer = new ByteWriter();
    // Lists and maps are nil: any value would do for the keys.
    const value = filled(struct.zero);
    for (const name of ['events', 'leftMembers', 'statusLTimes', 'filters', 'keys', 'tags']) {
      if (name in value) value[name] = undefined;
    }
    struct.encode(writer, value);
    const reader = new ByteReader(writer.copy());
    const keys: string[] = [];
    for (let left = readMapHead(reader); left > 0; left--) {
      keys.push(readText(reader));
      skipValue(reader);
    }
    expect(keys).toEqual([...keys].sort());
    expect(keys.length).toBe(Object.keys(struct.zero).filter((name) => name !== 'type').length);
  });
});
