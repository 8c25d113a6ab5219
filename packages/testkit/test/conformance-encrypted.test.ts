import {
  createKeyringTransport,
  createTlsTransport,
  encryptDatagrams,
  Keyring,
} from '@shoal/transport-node';
import { describe, it } from 'vitest';
import { createTestAuthority } from '../../transport-node/src/tls/certificates.test-helper.ts';
import { datagramConformance, streamConformance } from '../src/conformance.ts';
import { dualStack, garbage, stray } from './conformance.test-helper.ts';

const runner = { describe, it };
const authority = await createTestAuthority();
const { ca } = authority;
const own = await authority.issue([
  { type: 'dns', value: 'member.cluster' },
  { type: 'ip', value: '127.0.0.1' },
  { type: 'ip', value: '::1' },
]);

for (const address of ['127.0.0.1:0', '[::1]:0']) {
  streamConformance(runner, {
    name: `TLS, both sides certified, at ${address}`,
    address,
    create: (limits) => createTlsTransport({ ...limits, ...own, ca, allow: ['member.cluster'] }),
    garbage,
  });
}

streamConformance(runner, {
  name: 'TLS, only the listener certified',
  create: (limits, role) =>
    createTlsTransport({ ...limits, ...(role === 'listen' ? own : {}), ca, mutual: false }),
  garbage,
});

const keyring = new Keyring(new Uint8Array(32).fill(1), [new Uint8Array(32).fill(2)]);

for (const address of ['127.0.0.1:0', '[::1]:0']) {
  streamConformance(runner, {
    name: `TLS with a keyring at ${address}`,
    address,
    create: (limits) => createKeyringTransport({ ...limits, keyring, label: 'conformance' }),
    garbage,
  });
}

for (const host of ['127.0.0.1', '::1']) {
  datagramConformance(runner, {
    name: `encrypted UDP, seen from ${host}`,
    create: async () => encryptDatagrams(await dualStack(host), { keyring, label: 'conformance' }),
    garbage: stray,
  });
}
