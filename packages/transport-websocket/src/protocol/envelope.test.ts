import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ENVELOPE_OVERHEAD, unwrap, wrap } from './envelope.ts';

const characters = [...'ABCXYZabcxyz0189._~-'];
const name = fc.string({ unit: fc.constantFrom(...characters), minLength: 1, maxLength: 22 });
const noName = fc.constant('');

it('keeps both names and the bytes, within its overhead', () => {
  const bytes = fc.uint8Array({ maxLength: 2000 });
  fc.assert(
    fc.property(fc.oneof(name, noName), fc.oneof(name, noName), bytes, (from, to, data) => {
      const wrapped = wrap(from, to, data);
      expect(wrapped.length - data.length).toBeLessThanOrEqual(ENVELOPE_OVERHEAD);
      expect(unwrap(wrapped)).toEqual({ source: from, destination: to, bytes: data });
    }),
  );
});

it('is undefined, without a throw, when it is cut, mutated or random', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (random, marked) => {
      if (marked) random.set([0xa6, 1].slice(0, random.length));
      const envelope = unwrap(random);
      if (!envelope) return;
      const { source, destination, bytes: data } = envelope;
      expect(wrap(source, destination, data)).toEqual(random);
    }),
    { numRuns: 5000 },
  );
});
