import { ByteReader, ByteWriter } from '@shoal/wire';
import { type Field, float, list } from '../msgpack/fields.ts';
import { field, Struct } from '../msgpack/struct.ts';

/**
 * Where a member is in the network, by Vivaldi. All but `error` in seconds. The source is Dabek and
 * others, "Vivaldi: A Decentralized Network Coordinate System".
 */
export interface SerfCoordinate {
  /** What to add to a distance. */
  readonly adjustment: number;
  /** How sure the member is: 0 is certain. Without a unit. */
  readonly error: number;
  /** What the access link adds to each distance. */
  readonly height: number;
  /** The place, in 8 dimensions. */
  readonly vector: readonly number[] | undefined;
}

/** The version before a coordinate. */
const VERSION = 1;

const vector: Field<readonly number[] | undefined> = /* @__PURE__ */ list(float);

const COORDINATE: Struct<SerfCoordinate> = /* @__PURE__ */ new Struct<SerfCoordinate>({
  adjustment: field('Adjustment', float),
  error: field('Error', float),
  height: field('Height', float),
  vector: field('Vec', vector),
});

/** A coordinate as the payload of an `ack`. */
export function encodeSerfCoordinate(coordinate: SerfCoordinate): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(VERSION);
  COORDINATE.encode(writer, coordinate);
  return writer.copy();
}

/**
 * The coordinate in the payload of an `ack`. Its numbers may be anything that a float can be, NaN
 * included.
 *
 * Throws a `WireError` with code `version` for another version than 1, and with `truncated`,
 * `variant` or `length`.
 */
export function decodeSerfCoordinate(payload: Uint8Array): SerfCoordinate {
  const reader = new ByteReader(payload);
  const version = reader.u8();
  if (version !== VERSION) reader.fail('version', `version ${VERSION}, not ${version}`, 0);
  return COORDINATE.decode(reader);
}
