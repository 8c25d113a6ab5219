// Opens a log, as another process that takes it over, writes a note and ends.
import { argv } from 'node:process';
import { openLmdbLog } from '../dist/index.js';

const [, , path, value] = argv;
const log = await openLmdbLog({ path });
await log.notes.set('vote', new Uint8Array([Number(value)]));
await log.close();
