import { MemoryLog } from '@shoal/syncup';
import { MemoryNetwork } from '@shoal/testkit';
import {
  datagramConformance,
  streamConformance,
  type TestRunner,
} from '@shoal/testkit/conformance';
import { logConformance } from '@shoal/testkit/log-conformance';
import { simulationDigests } from './simulations.ts';

/** Suites that need no network: the cores, and the tools that tests run them on. */
export function coreSuites(runner: TestRunner, expectedDigests: readonly string[]): void {
  runner.describe('the membership core', () => {
    runner.it('does in simulations, to the byte, what it does in Node', async () => {
      const digests = simulationDigests();
      if (digests.join() === expectedDigests.join()) return;
      throw new Error(`${digests.join()} here, but ${expectedDigests.join()} in Node`);
    });
  });
  logConformance(runner, { name: 'MemoryLog', create: (options) => new MemoryLog(options) });
  const network = new MemoryNetwork({ seed: 'platforms' });
  datagramConformance(runner, {
    name: 'memory',
    create: () => network.createDatagramTransport('10.0.0.1:0'),
  });
  streamConformance(runner, {
    name: 'memory',
    create: (limits) => network.createStreamTransport(limits),
  });
}
