import { fileURLToPath } from 'node:url';
import { PeerProcess } from './peer-process.ts';

const BINARIES = new URL('../rust/target/release/', import.meta.url);

/** The path of one of the Rust programs. */
export function rustBinary(name: string): string {
  return fileURLToPath(new URL(name, BINARIES));
}

/** A running Rust peer. */
export class RustProcess extends PeerProcess {
  constructor(name: string, args: readonly string[]) {
    super({ name, command: rustBinary(name), args });
  }
}
