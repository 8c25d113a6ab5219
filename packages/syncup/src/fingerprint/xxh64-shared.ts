import type { Xxh64 } from './xxh64.ts';
import { xxh64Js } from './xxh64-js.ts';
import { xxh64Wasm } from './xxh64-wasm.ts';

let shared: Xxh64 | undefined;

/** The fastest one to be had here. */
export function xxh64(): Xxh64 {
  shared ??= xxh64Wasm() ?? xxh64Js();
  return shared;
}
