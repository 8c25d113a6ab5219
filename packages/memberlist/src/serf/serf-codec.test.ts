import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, text, u8, u16, u32, u64 } from '../../test/arbitraries.test-helper.ts';
import { fromHex, toHex } from '../../test/vectors.test-helper.ts';
import { codeOf } from '../../test/wire-error.test-helper.ts';
import { decodeSerfMessage, encodeSerfMessage } from './serf-codec.ts';
import { decodeSerfCoordinate, encodeSerfCoordinate } from './serf-coordinate.ts';
import { decodeSerfFilter, encodeSerfFilter, type SerfFilter } from './serf-filter.ts';
import type { SerfMember, SerfMessage } from './serf-message.ts';
import { decodeSerfTags, encodeSerfTags } from './serf-tags.ts';

const optional = <T>(each: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(each, { nil: undefined });
const mapOf = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Map<string, T>> =>
  fc.array(fc.tuple(text, value), { maxLength: 5 }).map((entries) => new Map(entries));
const list = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(item, { maxLength: 5 });

const member: fc.Arbitrary<SerfMember> = fc.record({
  address: bytes,
  delegateCurrent: u8,
  delegateMax: u8,
  delegateMin: u8,
  name: text,
  port: u16,
  protocolCurrent: u8,
  protocolMax: u8,
  protocolMin: u8,
  status: fc.nat(4),
  tags: optional(mapOf(text)),
});

const pastEvents = fc.record({
  events: optional(list(fc.record({ name: text, payload: bytes }))),
  lTime: u64,
});

const type = <T extends string>(name: T): fc.Arbitrary<T> => fc.constant(name);

const serfMessage: fc.Arbitrary<SerfMessage> = fc.oneof(
  fc.record({ type: type('leave'), lTime: u64, node: text, prune: fc.boolean() }),
  fc.record({ type: type('join'), lTime: u64, node: text }),
  fc.record({
    type: type('pushPull'),
    eventLTime: u64,
    events: optional(list(optional(pastEvents))),
    lTime: u64,
    leftMembers: optional(list(text)),
    queryLTime: u64,
    statusLTimes: optional(mapOf(u64)),
  }),
  fc.record({
    type: type('userEvent'),
    coalesce: fc.boolean(),
    lTime: u64,
    name: text,
    payload: bytes,
  }),
  fc.record({
    type: type('query'),
    address: bytes,
    filters: optional(list(bytes)),
    flags: u32,
    id: u32,
    lTime: u64,
    name: text,
    payload: bytes,
    port: u16,
    relayFactor: u8,
    sourceNode: text,
    timeout: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  }),
  fc.record({
    type: type('queryResponse'),
    flags: u32,
    from: text,
    id: u32,
    lTime: u64,
    payload: bytes,
  }),
  fc.record({ type: type('conflictResponse'), member: optional(member) }),
  fc.record({ type: type('keyRequest'), key: bytes }),
  fc.record({
    type: type('keyResponse'),
    keys: optional(list(text)),
    message: text,
    primaryKey: text,
    result: fc.boolean(),
  }),
  fc.record({
    type: type('relay'),
    address: fc.record({ ip: bytes, port: u16, zone: text }),
    node: text,
    message: fc.uint8Array({ maxLength: 50 }),
  }),
);

describe('messages of Serf', () => {
  it('round-trip', () => {
    fc.assert(
      fc.property(serfMessage, (message) => {
        expect(decodeSerfMessage(encodeSerfMessage(message))).toEqual(message);
      }),
    );
  });

  it('tell of a member as go-msgpack writes it', () => {
    const hex =
      '068ba441646472a47f000001ab44656c656761746543757205ab44656c65676174654d617805' +
      'ab44656c65676174654d696e02a44e616d65a161a4506f7274cd1f0aab50726f746f636f6c43757202' +
      'ab50726f746f636f6c4d617805ab50726f746f636f6c4d696e01a653746174757301' +
      'a45461677381a4726f6c65a3776562';
    const message = decodeSerfMessage(fromHex(hex));
    expect(message).toMatchObject({
      type: 'conflictResponse',
      member: {
        name: 'a',
        port: 7946,
        status: 1,
        delegateCurrent: 5,
        tags: new Map([['role', 'web']]),
      },
    });
    expect(toHex(encodeSerfMessage(message))).toBe(hex);
    const nobody = { type: 'conflictResponse', member: undefined } as const;
    expect(toHex(encodeSerfMessage(nobody))).toBe('06c0');
    expect(decodeSerfMessage(fromHex('06c0'))).toEqual(nobody);
  });

  it('of an unknown type are refused', () => {
    expect(codeOf(() => decodeSerfMessage(Uint8Array.of(10, 0x80)))).toBe('variant');
    expect(codeOf(() => decodeSerfMessage(new Uint8Array(0)))).toBe('truncated');
  });
});

describe('tags', () => {
  it('round-trip', () => {
    fc.assert(
      fc.property(mapOf(text), (tags) => {
        expect(decodeSerfTags(encodeSerfTags(tags))).toEqual(tags);
      }),
    );
    expect(decodeSerfTags(Uint8Array.of(0xff, 0xc0))).toEqual(new Map());
  });

  it('are a role with old members', () => {
    expect(decodeSerfTags(new TextEncoder().encode('web'))).toEqual(new Map([['role', 'web']]));
    expect(decodeSerfTags(undefined)).toEqual(new Map([['role', '']]));
    expect(codeOf(() => decodeSerfTags(Uint8Array.of(0xfe)))).toBe('utf8');
  });
});

describe('filters', () => {
  it('round-trip', () => {
    const filters: fc.Arbitrary<SerfFilter> = fc.oneof(
      fc.record({ type: type('nodes'), nodes: optional(list(text)) }),
      fc.record({ type: type('tag'), expression: text, tag: text }),
    );
    fc.assert(
      fc.property(filters, (filter) => {
        expect(decodeSerfFilter(encodeSerfFilter(filter))).toEqual(filter);
      }),
    );
  });

  it('of an unknown kind are refused, and empty ones', () => {
    expect(codeOf(() => decodeSerfFilter(Uint8Array.of(2, 0x80)))).toBe('variant');
    expect(codeOf(() => decodeSerfFilter(undefined))).toBe('truncated');
  });
});

describe('coordinates', () => {
  it('round-trip', () => {
    const number = fc.double();
    const coordinate = fc.record({
      adjustment: number,
      error: number,
      height: number,
      vector: optional(fc.array(number, { maxLength: 8 })),
    });
    fc.assert(
      fc.property(coordinate, (each) => {
        expect(decodeSerfCoordinate(encodeSerfCoordinate(each))).toEqual(each);
      }),
    );
  });

  it('of another version are refused', () => {
    expect(codeOf(() => decodeSerfCoordinate(Uint8Array.of(2, 0x80)))).toBe('version');
  });
});
