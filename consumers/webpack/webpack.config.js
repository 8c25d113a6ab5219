export default {
  entry: './main.js',
  mode: 'production',
  target: 'node20',
  experiments: { outputModule: true },
  output: { module: true, filename: 'main.js' },
  // lmdb loads a native addon: it stays a package that Node.js imports at run time.
  externals: { lmdb: 'module lmdb' },
};
