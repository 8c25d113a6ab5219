import { ByteReader, ByteWriter } from '@shoal/wire';
import { type Field, list, text } from '../msgpack/fields.ts';
import { field, Struct } from '../msgpack/struct.ts';

/** Which members a query asks. */
export type SerfFilter =
  /** Those with one of these names. */
  | { readonly type: 'nodes'; readonly nodes: readonly string[] | undefined }
  /**
   * Those whose tag matches a regular expression of Go (RE2), which may match any part of it. It
   * comes from the network: run it in linear time or not at all.
   */
  | { readonly type: 'tag'; readonly expression: string; readonly tag: string };

const NODES = 0;
const TAG = 1;

const nodes: Field<readonly string[] | undefined> = /* @__PURE__ */ list(text);

type TagFilter = Extract<SerfFilter, { type: 'tag' }>;

const tag: Struct<TagFilter> = /* @__PURE__ */ new Struct<TagFilter>(
  { expression: field('Expr', text), tag: field('Tag', text) },
  'tag',
);

/** A filter of a query. Throws a `WireError` with code `utf8` for text with a lone surrogate. */
export function encodeSerfFilter(filter: SerfFilter): Uint8Array {
  const writer = new ByteWriter();
  if (filter.type === 'nodes') {
    writer.u8(NODES);
    nodes.encode(writer, filter.nodes);
  } else {
    writer.u8(TAG);
    tag.encode(writer, filter);
  }
  return writer.copy();
}

/**
 * Reads a filter of a query. Throws a `WireError` with code `variant` for an unknown kind, and
 * with `truncated`, `length` or `utf8`. A member that cannot read a filter does not answer.
 */
export function decodeSerfFilter(bytes: Uint8Array | undefined): SerfFilter {
  const reader = new ByteReader(bytes);
  const kind = reader.u8();
  if (kind === NODES) return { type: 'nodes', nodes: nodes.decode(reader) };
  if (kind === TAG) return tag.decode(reader);
  return reader.fail('variant', `a filter of kind ${NODES} or ${TAG}, not ${kind}`, 0);
}
