/**
 * What Serf adds to memberlist: its messages, tags, filters and coordinates.
 *
 * @module
 */
export { decodeSerfMessage, encodeSerfMessage } from './serf/serf-codec.ts';
export {
  decodeSerfCoordinate,
  encodeSerfCoordinate,
  type SerfCoordinate,
} from './serf/serf-coordinate.ts';
export { decodeSerfFilter, encodeSerfFilter, type SerfFilter } from './serf/serf-filter.ts';
export type * from './serf/serf-message.ts';
export { decodeSerfTags, encodeSerfTags } from './serf/serf-tags.ts';
