import { appendOne } from './node.js';

console.log(`entry ${await appendOne()}`);
