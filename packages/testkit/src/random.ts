/** A function like `Math.random`: numbers in [0, 1). */
export type Random = () => number;

/**
 * A random function that repeats itself for the same seed: sfc32 (Chris Doty-Humphrey's Small
 * Fast Counter, PractRand). `seed` is any whole number or text.
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
  // The first numbers of similar seeds are alike.
  for (let i = 0; i < 15; i++) next();
  return next;
}
