// npm run wasm: compiles xxh64.wat and puts the module into src/fingerprint/xxh64-wasm.ts.
import { readFileSync, writeFileSync } from 'node:fs';
import wabt from 'wabt';

const { parseWat } = await wabt();
const source = readFileSync(new URL('xxh64.wat', import.meta.url), 'utf8');
const { buffer } = parseWat('xxh64.wat', source).toBinary({});
const target = new URL('../src/fingerprint/xxh64-wasm.ts', import.meta.url);
const text = Buffer.from(buffer).toString('base64');
const before = readFileSync(target, 'utf8');
writeFileSync(target, before.replace(/(MODULE =\s+)'[^']*'/, `$1'${text}'`));
