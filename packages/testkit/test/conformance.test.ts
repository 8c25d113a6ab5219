import { createTcpTransport, createUdpTransport } from '@shoal/transport-node';
import { describe, it } from 'vitest';
import { datagramConformance, streamConformance } from '../src/conformance.ts';
import { MemoryNetwork } from '../src/network/memory-network.ts';
import { dualStack, garbage, stray } from './conformance.test-helper.ts';

const runner = { describe, it };
const memory = new MemoryNetwork({ seed: 'conformance' });
const slow = new MemoryNetwork({ seed: 'slow', faults: { delay: [0, 2] } });

for (const network of [memory, slow]) {
  const name = network === memory ? 'memory' : 'memory with delays';
  datagramConformance(runner, {
    name,
    create: () => network.createDatagramTransport('10.0.0.1:0'),
  });
  streamConformance(runner, {
    name,
    address: '[::1]:0',
    create: (limits) => network.createStreamTransport(limits),
  });
}

for (const address of ['127.0.0.1:0', '[::1]:0']) {
  streamConformance(runner, {
    name: `TCP at ${address}`,
    address,
    create: (limits) => createTcpTransport(limits),
    garbage,
  });
}

for (const bind of ['127.0.0.1:0', '[::1]:0']) {
  datagramConformance(runner, {
    name: `UDP at ${bind}`,
    create: () => createUdpTransport({ bind }),
    garbage: stray,
  });
}

for (const host of ['127.0.0.1', '::1']) {
  datagramConformance(runner, {
    name: `UDP on both versions of IP, seen from ${host}`,
    create: () => dualStack(host),
    garbage: stray,
  });
}
