import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { DatagramOpener, DatagramSealer, encodeLabel, OVERHEAD } from './datagram-cipher.ts';
import { Keyring } from './keyring.ts';

const FIRST = Uint8Array.from({ length: 32 }, (_, i) => i);
const SECOND = new Uint8Array(32).fill(255);
const SESSION = Uint8Array.from({ length: 10 }, (_, i) => 0xa0 + i);
const LABEL = encodeLabel('test');
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const open = (opener: DatagramOpener, bytes: Uint8Array): Uint8Array | string =>
  opener.open(bytes, 0, Number.POSITIVE_INFINITY);

/*
 * Produced by a Python program that was written from the description of the format alone, with HKDF
 * from the `hmac` module and AES-GCM from the `cryptography` package.
 */
const KNOWN: [plain: Uint8Array, time: number, sealed: string][] = [
  [
    new Uint8Array(0),
    1_700_000_000,
    'e51d017037027fa0a1a2a3a4a5a6a7a8a9a702000000006553f100f776b8eed316c9469ab338038de27179',
  ],
  [
    new TextEncoder().encode('hello'),
    1_700_000_001,
    'e51d017037027fa0a1a2a3a4a5a6a7a8a9a702000000016553f101165fb078a6e88cdb3d5ebb1e0466aa7b26df7f595b',
  ],
  [
    Uint8Array.from({ length: 100 }, (_, i) => i),
    0xffff_ffff,
    'e51d017037027fa0a1a2a3a4a5a6a7a8a9a70200000002ffffffffeac007e9de862ca5500939b99b914abef51e0601d90ab6ed125409c3cb45ef9cf0788d9d3a9a1635b043c5b68be749573812cd57f6c511f13449340b18824876650d0346bb6f0eebdd82f4511616d172328b450e25cd7c7a6bd8484a7688577057c8e1abdbdb34dd755d3722b7d61744ddf3ea82',
  ],
];

describe('DatagramSealer', () => {
  it('produces the same bytes as another implementation', () => {
    const sealer = new DatagramSealer(new Keyring(FIRST), LABEL, { random: () => SESSION });
    for (const [plain, time, sealed] of KNOWN) expect(hex(sealer.seal(plain, time))).toBe(sealed);
    const other = new DatagramSealer(new Keyring(SECOND), encodeLabel('käfig'), {
      random: () => SESSION,
    });
    expect(hex(other.seal(Uint8Array.of(0x78), 0))).toBe(
      'e51d01a683689aa0a1a2a3a4a5a6a7a8a9d63f00000000000000004f9d24dc29b3846dea60dca895c5f3d717',
    );
  });

  it('starts a new session before numbers run out, so that no nonce repeats', () => {
    let session = 0;
    const random = (length: number): Uint8Array => new Uint8Array(length).fill(++session);
    const keyring = new Keyring(FIRST);
    const sealer = new DatagramSealer(keyring, LABEL, { random, perSession: 3 });
    const opener = new DatagramOpener(keyring, LABEL, 10);
    const nonces = new Set<string>();
    for (let i = 0; i < 10; i++) {
      if (i === 5) keyring.use(SECOND); // in the middle of a session
      const sealed = sealer.seal(Uint8Array.of(i), 0);
      nonces.add(hex(sealed.subarray(3, 23)));
      expect(open(opener, sealed)).toEqual(Uint8Array.of(i));
    }
    expect([nonces.size, session]).toEqual([10, 4]);
  });

  it('draws random sessions by default', () => {
    const keyring = new Keyring(FIRST);
    const sessions = [1, 2].map(() =>
      hex(new DatagramSealer(keyring, LABEL).seal(Uint8Array.of(1), 0).subarray(7, 19)),
    );
    expect(sessions[0]).not.toBe(sessions[1]);
  });
});

describe('DatagramOpener', () => {
  it('opens known bytes', () => {
    const opener = new DatagramOpener(new Keyring(FIRST), LABEL, 10);
    for (const [plain, , sealed] of KNOWN) {
      expect(open(opener, Buffer.from(sealed, 'hex'))).toEqual(plain);
    }
  });

  it('refuses a datagram with any bit flipped, and still accepts the original', () => {
    const keyring = new Keyring(FIRST, [SECOND]);
    const opener = new DatagramOpener(keyring, LABEL, 10);
    const sealer = new DatagramSealer(keyring, LABEL, { random: () => SESSION });
    open(opener, sealer.seal(Uint8Array.of(0), 0)); // the session is known, or is not
    for (const target of [opener, new DatagramOpener(keyring, LABEL, 10)]) {
      const sealed = sealer.seal(Uint8Array.of(1, 2, 3, 4, 5), 1_700_000_000);
      for (let bit = 0; bit < sealed.length * 8; bit++) {
        const flipped = sealed.slice();
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        const expected =
          bit < 16
            ? /^plain$/
            : bit < 24
              ? /^malformed$/
              : bit < 56
                ? /^key$/
                : /^(forged|replayed)$/;
        expect(open(target, flipped)).toMatch(expected);
      }
      expect(open(target, sealed)).toEqual(Uint8Array.of(1, 2, 3, 4, 5));
      expect(open(target, sealed)).toBe('replayed');
    }
  });

  it('refuses every cut and every extension', () => {
    const keyring = new Keyring(FIRST);
    const opener = new DatagramOpener(keyring, LABEL, 10);
    const sealed = new DatagramSealer(keyring, LABEL).seal(Uint8Array.of(1, 2, 3), 0);
    for (let length = 0; length < sealed.length; length++) {
      const expected = length < 2 ? 'plain' : length < OVERHEAD ? 'malformed' : 'forged';
      expect(open(opener, sealed.slice(0, length))).toBe(expected);
    }
    expect(open(opener, Buffer.concat([sealed, Uint8Array.of(0)]))).toBe('forged');
    expect(open(opener, sealed)).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('never throws on arbitrary bytes', () => {
    const keyring = new Keyring(FIRST);
    const opener = new DatagramOpener(keyring, LABEL, 10);
    const start = Buffer.from(KNOWN[0]![2], 'hex');
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .tuple(fc.integer({ min: 0, max: start.length }), fc.uint8Array({ maxLength: 100 }))
        .map(([length, rest]) => Buffer.concat([start.subarray(0, length), rest])),
    );
    fc.assert(
      fc.property(bytes, (input) => {
        if (hex(input) === KNOWN[0]![2]) return;
        expect(open(opener, input)).toMatch(/^(plain|malformed|key|forged)$/);
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses another label, and another key', () => {
    const sealed = Buffer.from(KNOWN[1]![2], 'hex');
    const keyring = new Keyring(FIRST);
    expect(open(new DatagramOpener(keyring, encodeLabel('tesT'), 10), sealed)).toBe('forged');
    expect(open(new DatagramOpener(new Keyring(SECOND), LABEL, 10), sealed)).toBe('key');
  });

  it('refuses datagrams from too far in the past or future', () => {
    const sealed = Buffer.from(KNOWN[1]![2], 'hex');
    const opener = new DatagramOpener(new Keyring(FIRST), LABEL, 10);
    const time = 1_700_000_001;
    expect(opener.open(sealed, time + 1, time + 9)).toBe('stale');
    expect(opener.open(sealed, time - 9, time - 1)).toBe('stale');
    expect(opener.open(sealed, time, time)).toEqual(KNOWN[1]![0]);
  });

  it('delivers each datagram once, in any order', () => {
    const arrivals = fc.array(fc.integer({ min: 0, max: 79 }), { maxLength: 120 });
    fc.assert(
      fc.property(arrivals, (order) => {
        const keyring = new Keyring(FIRST);
        const sealer = new DatagramSealer(keyring, LABEL);
        const opener = new DatagramOpener(keyring, LABEL, 10);
        const sent = Array.from({ length: 80 }, (_, i) => sealer.seal(Uint8Array.of(i), 0));
        const seen = new Set<number>();
        for (const i of order) {
          const result = open(opener, sent[i]!);
          expect(result).toEqual(seen.has(i) ? 'replayed' : Uint8Array.of(i));
          seen.add(i);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('remembers active senders, up to its limit', () => {
    const keyring = new Keyring(FIRST);
    const opener = new DatagramOpener(keyring, LABEL, 2);
    const sealers = [1, 2, 3, 4].map(
      (n) => new DatagramSealer(keyring, LABEL, { random: () => new Uint8Array(12).fill(n) }),
    );
    const first = sealers.map((sealer) => sealer.seal(Uint8Array.of(0), 0));
    expect(open(opener, first[0]!)).toEqual(Uint8Array.of(0));
    expect(open(opener, first[1]!)).toEqual(Uint8Array.of(0));
    expect(open(opener, first[2]!)).toEqual(Uint8Array.of(0)); // all active: the oldest goes
    open(opener, sealers[2]!.seal(Uint8Array.of(1), 0)); // the second one was silent since
    expect(open(opener, first[3]!)).toEqual(Uint8Array.of(0));
    expect(open(opener, first[2]!)).toBe('replayed');
    expect(open(opener, first[3]!)).toBe('replayed');
    // Forgotten by the bound on memory: what `maxClockSkew` is there for.
    expect(open(opener, first[0]!)).toEqual(Uint8Array.of(0));
  });

  it('derives no key for sessions that strangers have made up', () => {
    const keyring = new Keyring(FIRST);
    const opener = new DatagramOpener(keyring, LABEL, 10);
    const sealed = new DatagramSealer(keyring, LABEL).seal(Uint8Array.of(1), 0);
    const derive = vi.spyOn(keyring, 'derive');
    for (let i = 0; i < 100; i++) {
      const forged = sealed.slice();
      forged.set([i, i, i], 7);
      expect(open(opener, forged)).toBe('forged');
    }
    expect(derive).not.toHaveBeenCalled();
    expect(open(opener, sealed)).toEqual(Uint8Array.of(1));
    expect(derive).toHaveBeenCalledOnce();
  });

  it('reveals what was recorded to whoever learns the key later', () => {
    const recorded = new DatagramSealer(new Keyring(FIRST), LABEL).seal(Uint8Array.of(1), 0);
    const later = new DatagramOpener(new Keyring(FIRST), LABEL, 10);
    expect(open(later, recorded)).toEqual(Uint8Array.of(1));
  });

  it('keeps no state for a sender that has not proved to have the key', () => {
    const keyring = new Keyring(FIRST);
    const opener = new DatagramOpener(keyring, LABEL, 1);
    const sealed = new DatagramSealer(keyring, LABEL).seal(Uint8Array.of(1), 0);
    open(opener, sealed);
    for (let i = 0; i < 100; i++) {
      const forged = sealed.slice();
      forged.set([i, i, i], 7);
      expect(open(opener, forged)).toBe('forged');
    }
    expect(open(opener, sealed)).toBe('replayed');
  });
});
