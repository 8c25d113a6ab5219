import fc from 'fast-check';

// Property tests draw a new seed for each run, and print it if they fail. CI sets a fixed seed, so
// that the result of a run depends on the change alone.
const seed = process.env['SHOAL_SEED'];
if (seed !== undefined) fc.configureGlobal({ seed: Number(seed) });
