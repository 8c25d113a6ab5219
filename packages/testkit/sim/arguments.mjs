import { parseArgs } from 'node:util';

/**
 * Parses the command line: a number where the default is one, a flag where it is `false`, else text.
 * `least` has the minimum of some numbers. If an argument is invalid, prints the usage and ends the
 * process.
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
        if (Number(given) < least[name])
          throw new Error(`--${name} must be at least ${least[name]}`);
        return [name, Number(given)];
      }),
    );
  } catch (error) {
    console.error(`${error.message}\nusage: ${usage}`);
    process.exit(2);
  }
}
