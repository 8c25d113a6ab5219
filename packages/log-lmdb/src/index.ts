export type { LmdbLog } from './log/lmdb-log.ts';
export { openLmdbLog } from './open/open-lmdb-log.ts';
export type { LmdbLogOptions } from './open/options.ts';
