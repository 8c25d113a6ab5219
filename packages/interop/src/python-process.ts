import { fileURLToPath } from 'node:url';
import { PeerProcess } from './peer-process.ts';

/** The folder of the Python program. */
export const PYTHON_FOLDER: string = fileURLToPath(new URL('../python/', import.meta.url));

const PROGRAM = fileURLToPath(new URL('../python/peer.py', import.meta.url));

/** A running Python peer: a member, a replica, a feeder or a voter. */
export class PythonProcess extends PeerProcess {
  constructor(role: 'member' | 'replica' | 'feeder' | 'voter', args: readonly string[]) {
    // Without -B it would leave compiled files in the folder.
    super({ name: `python ${role}`, command: 'python3', args: ['-B', PROGRAM, role, ...args] });
  }
}
