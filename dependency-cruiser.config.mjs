// The allowed import graph of the packages. It does not apply to tests and benchmarks.

/** What each package may import, in addition to itself. */
const ALLOWED = {
  async: [],
  'async/src/diagnostics': ['async', 'node:'],
  wire: [],
  transport: ['async'],
  membership: ['wire'],
  'membership/src/driver': ['async', 'wire', 'transport', 'membership'],
  'membership/src/driver/diagnostics': ['async', 'membership', 'node:'],
  syncup: ['wire'],
  'syncup/src/driver': ['async', 'wire', 'transport', 'syncup'],
  'syncup/src/internal': ['syncup'],
  consensus: ['wire'],
  memberlist: ['wire'],
  'transport-node': ['async', 'wire', 'transport', 'node:'],
  'transport-websocket': ['async', 'transport', 'node:', 'ws'],
  'log-lmdb': ['async', 'wire', 'syncup', 'node:', 'lmdb'],
  node: [
    'async',
    'wire',
    'transport',
    'membership',
    'syncup',
    'consensus',
    'transport-node',
    'transport-websocket',
    'log-lmdb',
    'node:',
  ],
  // No Node API: its network and its simulator also run in browsers.
  testkit: ['async', 'wire', 'transport', 'membership', 'syncup', 'consensus', 'vitest'],
};

const target = (name) => {
  if (name === 'node:') {
    return '^(node:)?(dgram|net|tls|http|https|stream|crypto|events|dns|url|util|fs|fs/promises|path|os|zlib|diagnostics_channel)(/|$)|/@types/node/';
  }
  return ['ws', 'lmdb', 'vitest'].includes(name)
    ? `node_modules/${name}/`
    : `^(packages/${name}/|@shoal/${name}(/|$))`;
};

const rules = Object.entries(ALLOWED).map(([from, names]) => {
  const [root, ...inner] = from.split('/');
  const isPart = inner.length > 0;
  const path = `^packages/${[root, 'src', ...inner.slice(1)].join('/')}`;
  const parts = Object.keys(ALLOWED).filter((name) => name.startsWith(`${from}/`));
  return {
    name: `imports of ${from.replace('/src', '')}`,
    severity: 'error',
    from: {
      path: isPart ? path : `${path}/`,
      pathNot: [
        '\\.test(-helper|-script)?\\.(ts|mjs)$',
        ...parts.map((name) => `^packages/${name}`),
      ],
    },
    to: { pathNot: [`^packages/${root}/src/`, ...names.map(target)] },
  };
});

export default {
  forbidden: [
    ...rules,
    { name: 'no cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'drivers take types of transport only',
      severity: 'error',
      from: {
        path: '^packages/(membership|syncup)/src/driver',
        pathNot: '\\.test(-helper|-script)?\\.(ts|mjs)$',
      },
      to: { path: '^packages/transport/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'a core does not import its driver',
      severity: 'error',
      from: {
        path: '^packages/(membership|syncup)/src/',
        pathNot: ['/driver', '/internal\\.ts$', '\\.test(-helper|-script)?\\.(ts|mjs)$'],
      },
      to: { path: '^packages/$1/src/driver' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    exclude: { path: '\\.test(-helper|-script)?\\.(ts|mjs)$' },
    doNotFollow: { path: ['node_modules', '/dist/'] },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'node', 'default'],
      extensions: ['.ts', '.d.ts', '.js', '.mjs'],
    },
  },
};
