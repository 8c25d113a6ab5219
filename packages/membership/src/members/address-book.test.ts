import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AddressBook, NONE } from './address-book.ts';

describe('AddressBook', () => {
  it('numbers addresses without gaps while they are claimed', () => {
    const steps = fc.array(fc.record({ address: fc.nat(9), claim: fc.boolean() }));
    fc.assert(
      fc.property(steps, (list) => {
        const book = new AddressBook<number>();
        const claims = new Map<string, number>();
        let most = 0;
        for (const { address: n, claim } of list) {
          const address = `a${n}`;
          const count = claims.get(address) ?? 0;
          if (claim) {
            const number = book.claim(address, n);
            expect(book.find(address)).toBe(number);
            expect(book.id(number)).toBe(n);
            claims.set(address, count + 1);
          } else {
            book.release(address);
            if (count > 0) claims.set(address, count - 1);
          }
          const used = [...claims].filter(([, claimed]) => claimed > 0).map(([one]) => one);
          const numbers = used.map((one) => book.find(one));
          expect(new Set(numbers).size).toBe(used.length);
          most = Math.max(most, used.length);
          for (const number of numbers) {
            expect(number).toBeGreaterThanOrEqual(0);
            expect(number).toBeLessThan(book.size);
          }
          expect(book.size).toBe(most);
          expect(book.find(address) === NONE).toBe(!used.includes(address));
        }
      }),
    );
  });
});
