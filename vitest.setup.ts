import fc from 'fast-check';

// Property tests draw a new seed each time, and print it when they fail. CI hands one in, so
// that a change lands or not by what it does, not by what was drawn.
const seed = process.env['SHOAL_SEED'];
if (seed !== undefined) fc.configureGlobal({ seed: Number(seed) });
