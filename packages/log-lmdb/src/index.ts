export { LmdbLog } from './lmdb-log.ts';
export { openLmdbLog } from './open.ts';
export type { LmdbLogOptions } from './options.ts';
