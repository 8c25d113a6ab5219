/** A function like `Math.random`: numbers in [0, 1). */
export type Random = () => number;

/**
 * Returns a random function that repeats for the same seed, a whole number or a string. It is
 * sfc32, the Small Fast Counter of Chris Doty-Humphrey's PractRand.
 */
export function seededRandom(seed: number | string): Random {
  let [a, b, c, counter] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 1];
  for (const character of String(seed)) {
    a = Math.imul(a ^ character.codePointAt(0)!, 0x85ebca6b);
    b = (b + (a ^ (a >>> 15))) | 0;
  }
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 2 ** 32;
  };
  // Similar seeds start with similar numbers: skip them.
  for (let i = 0; i < 15; i++) next();
  return next;
}
