/** Makes random ids of 16 bytes, as 32 hexadecimal digits: from `random`, or from the system. */
export function idMaker(random: (() => number) | undefined): () => string {
  return () => {
    const words = new Uint32Array(4);
    if (random === undefined) globalThis.crypto.getRandomValues(words);
    else for (let i = 0; i < words.length; i++) words[i] = Math.floor(random() * 2 ** 32);
    return Array.from(words, (word) => word.toString(16).padStart(8, '0')).join('');
  };
}
