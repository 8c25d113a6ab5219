// The memory that knowing a member takes, in bytes per pair of nodes at rest.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Simulator } from '@shoal/testkit/simulator';
import { readArguments } from './arguments.mjs';
import { printTable } from './table.mjs';

const { nodes } = readArguments('node packages/testkit/sim/memory.mjs [--nodes 1500]', {
  nodes: 1500,
});
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

function used() {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const sim = new Simulator({ seed: 1, nodes });
sim.startAll();
sim.run(0);
const alone = used();
sim.startAll({ acquainted: true });
sim.run(10_000);
const acquainted = used();
const pairs = nodes * (nodes - 1);
printTable(
  ['what is kept', 'bytes a pair', 'pairs'],
  [[`${nodes} nodes at rest`, ((acquainted - alone) / pairs).toFixed(0), pairs]],
);
