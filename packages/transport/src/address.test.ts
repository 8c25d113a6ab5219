import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAddress, hostFamily, parseAddress } from './address.ts';
import { TransportError } from './errors.ts';

function code(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return error instanceof TransportError ? error.code : String(error);
  }
  return 'nothing thrown';
}

describe('parseAddress', () => {
  it.each([
    ['127.0.0.1:7946', { host: '127.0.0.1', port: 7946 }],
    ['0.0.0.0:0', { host: '0.0.0.0', port: 0 }],
    ['[::1]:7946', { host: '::1', port: 7946 }],
    ['[::]:65535', { host: '::', port: 65535 }],
    ['[2001:DB8:0:0:0:0:0:1]:1', { host: '2001:db8::1', port: 1 }],
    ['[fe80::1%eth0]:1', { host: 'fe80::1%eth0', port: 1 }],
    ['[fe80::1%eth0:1]:1', { host: 'fe80::1%eth0:1', port: 1 }],
    ['[::ffff:10.1.2.3]:1', { host: '10.1.2.3', port: 1 }],
    ['[::FFFF:0a01:0203]:1', { host: '10.1.2.3', port: 1 }],
    ['localhost:1', { host: 'localhost', port: 1 }],
    ['Node-1.Example.COM:80', { host: 'node-1.example.com', port: 80 }],
    ['a.example.:80', { host: 'a.example.', port: 80 }],
    ['my_service:80', { host: 'my_service', port: 80 }],
    ['[::1]:7946!tab-1', { host: '::1', port: 7946, client: 'tab-1' }],
    ['gateway:443!A.b_c~9', { host: 'gateway', port: 443, client: 'A.b_c~9' }],
  ])('reads %s', (text, address) => {
    expect(parseAddress(text)).toEqual(address);
  });

  it.each([
    '',
    ':',
    ':80',
    'host',
    'host:',
    '::1:80',
    '::1',
    '[::1]',
    '[::1]80',
    '[]:80',
    '[127.0.0.1]:80',
    '[::1%]:80',
    '[::ffff:1.2.3.4%eth0]:80',
    '[1:2:3:4:5:6:7]:80',
    '[1:2:3:4:5:6:7:8:9]:80',
    '[1::2::3]:80',
    '[1:2:3:4:5:6:7::8]:80',
    '[12345::]:80',
    '[1.2.3.4::]:80',
    'host:65536',
    'host:080',
    'host:+80',
    'host:8 0',
    'host:-1',
    'host: 80',
    'host:80 ',
    '256.1.1.1:80',
    '1.2.3:80',
    '01.2.3.4:80',
    '1.2.3.4.:80',
    '0x7f.1:80',
    '12:80',
    '-a:80',
    'a-:80',
    'a..b:80',
    '.:80',
    'a b:80',
    'ü.example:80',
    'host:80!',
    'host:80!a!b',
    'host:80!a b',
    `host:80!${'x'.repeat(65)}`,
    `${'a'.repeat(64)}:80`,
    `${'a.'.repeat(127)}a:80`,
    'host:80\n',
    'ho\0st:80',
  ])('refuses %j', (text) => {
    expect(code(() => parseAddress(text))).toBe('address');
  });

  it('throws nothing else, and can parse every address that it returns', () => {
    const character = fc.constantFrom(...'0123456789abcfF:.[]%!-_ ');
    const texts = fc.oneof(
      fc.string(),
      fc.string({ unit: character, maxLength: 30 }),
      fc.string({ unit: character, maxLength: 12 }).map((text) => `[${text}]:80`),
    );
    fc.assert(
      fc.property(texts, (text) => {
        if (code(() => parseAddress(text)) === 'address') return;
        const address = parseAddress(text);
        expect(parseAddress(formatAddress(address))).toEqual(address);
      }),
      { numRuns: 2000 },
    );
  });

  it('agrees with node:net on what is an IP address', () => {
    const group = fc.constantFrom('0', '1', 'ffff', '10', 'a', '00ff', '12345', '');
    const v6 = fc.array(group, { minLength: 1, maxLength: 9 }).map((groups) => groups.join(':'));
    const mixed = v6.map((text) => `${text}:1.2.3.4`);
    fc.assert(
      fc.property(fc.oneof(v6, mixed), (text) => {
        const ok = code(() => parseAddress(`[${text}]:1`)) === 'nothing thrown';
        expect(ok).toBe(isIPv6(text));
      }),
      { numRuns: 2000 },
    );
    const v4 = fc.array(fc.oneof(fc.integer({ min: 0, max: 300 }).map(String), group), {
      minLength: 3,
      maxLength: 5,
    });
    fc.assert(
      fc.property(v4, (bytes) => {
        const text = bytes.join('.');
        expect(hostFamily(text) === 4).toBe(isIPv4(text));
      }),
    );
  });
});

describe('formatAddress', () => {
  // Appendices of RFC 5952: one text for each address.
  it.each([
    ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0db8::0001', '2001:db8::1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['::7.8.9.10', '::708:90a'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
    ['1:2:3:4:5:6:7:0', '1:2:3:4:5:6:7:0'],
  ])('writes %s as %s', (host, expected) => {
    expect(formatAddress({ host, port: 1 })).toBe(`[${expected}]:1`);
  });

  it('gives equal IPv6 addresses the same text, which is that of URL', () => {
    const groups = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
      minLength: 8,
      maxLength: 8,
    });
    fc.assert(
      fc.property(groups, (values) => {
        const host = values.map((value) => value.toString(16).padStart(4, '0')).join(':');
        const text = formatAddress({ host, port: 9 });
        if (text.startsWith('[')) expect(text).toBe(`${new URL(`http://[${host}]`).hostname}:9`);
        else expect(values.slice(0, 6)).toEqual([0, 0, 0, 0, 0, 0xffff]);
      }),
    );
  });

  it('accepts brackets or none, normalizes, and keeps the client', () => {
    expect(formatAddress({ host: '[::1]', port: 1 })).toBe('[::1]:1');
    expect(formatAddress({ host: '::ffff:127.0.0.1', port: 1 })).toBe('127.0.0.1:1');
    expect(formatAddress({ host: 'A', port: 1, client: 'Tab' })).toBe('a:1!Tab');
  });

  it('refuses invalid addresses', () => {
    for (const port of [-1, 65536, 1.5, Number.NaN, 1e21]) {
      expect(code(() => formatAddress({ host: 'a', port }))).toBe('address');
    }
    for (const host of ['', 'a:1', '[a]', '1.2.3.4:5', 'a!b', 'x:1!c']) {
      expect(code(() => formatAddress({ host, port: 1 }))).toBe('address');
    }
    expect(code(() => formatAddress({ host: 'a', port: 1, client: '' }))).toBe('address');
  });
});

describe('hostFamily', () => {
  it('distinguishes addresses from names', () => {
    expect(['::1', '1.2.3.4', 'a.example', '1.2.3'].map(hostFamily)).toEqual([6, 4, 0, 0]);
  });
});
