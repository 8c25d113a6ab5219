import { parseArgs } from 'node:util';

/**
 * The command line, as an object: numbers where the default is a number, else text; flags where
 * it is `false`. `least`: of some numbers. Prints the usage and ends the process when something is
 * wrong.
 */
export function readArguments(usage, defaults, least = {}) {
  const options = Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => {
      return [name, { type: value === false ? 'boolean' : 'string' }];
    }),
  );
  try {
    const { values } = parseArgs({ options });
    return Object.fromEntries(
      Object.entries(defaults).map(([name, value]) => {
        const given = values[name];
        if (given === undefined || typeof value !== 'number') return [name, given ?? value];
        if (!/^\d+$/.test(given)) throw new Error(`--${name} must be a whole number`);
        if (Number(given) < least[name]) throw new Error(`--${name} is ${least[name]} at least`);
        return [name, Number(given)];
      }),
    );
  } catch (error) {
    console.error(`${error.message}\nusage: ${usage}`);
    process.exit(2);
  }
}
