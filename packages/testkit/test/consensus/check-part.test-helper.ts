/** `npm run test:consensus` checks all of it; the tests of the package a part. */
export const CHECK_PART = Number(process.env['SHOAL_CHECK_PART'] ?? 0.02);
