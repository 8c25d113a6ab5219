// Draws docs/architecture.svg from the real graph of the packages. With --check it only looks
// whether the picture is up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { layeredLayout, reduced } from './layered-layout.mjs';
import { packageGraph } from './package-graph.mjs';
import { root } from './packages.mjs';

const FILE = `${root}docs/architecture.svg`;
const BOX = { width: 184, height: 58 };
const GAP = 22;
const LAYER = 118;
const MARGIN = 24;
const LEGEND = 74;

/** The groups, each with its color (light, dark), and what each package is in a few words. */
const GROUPS = {
  core: { title: 'core: no I/O, runs anywhere', light: '#0b7a75', dark: '#2dd4bf' },
  driver: { title: 'driver: a core with real timers', light: '#3b5bdb', dark: '#91a7ff' },
  transport: { title: 'transports', light: '#b35c00', dark: '#ffb454' },
  rest: { title: 'logs, tests, all in one', light: '#8a3ffc', dark: '#c4a7ff' },
};
const WHAT = {
  wire: ['core', 'bytes, messages'],
  membership: ['core', 'who is alive: SWIM'],
  syncup: ['core', 'where logs diverged'],
  'membership/driver': ['driver', 'a member'],
  'syncup/driver': ['driver', 'feeder, replica'],
  transport: ['transport', 'contracts, addresses'],
  'transport-node': ['transport', 'UDP, TCP, TLS, keys'],
  'transport-websocket': ['transport', 'browsers, gateway'],
  'log-lmdb': ['rest', 'a durable log'],
  testkit: ['rest', 'simulator, suites'],
  node: ['rest', 'all of it, wired'],
};

const picture = draw(reduced(packageGraph()));
if (process.argv.includes('--check')) {
  if (readFileSync(FILE, 'utf8') !== picture) {
    console.error('docs/architecture.svg is not what `npm run docs:picture` draws');
    process.exitCode = 1;
  }
} else {
  writeFileSync(FILE, picture);
  console.log('docs/architecture.svg');
}

function draw(nodes) {
  for (const { name } of nodes) if (!WHAT[name]) throw new Error(`no words for ${name}`);
  const { layers, routes } = layeredLayout(nodes, { boxWidth: BOX.width, gap: GAP, laneWidth: 8 });
  const right = Math.max(...layers.flat().map(({ x, width }) => x + width / 2));
  const width = right + 2 * MARGIN;
  const height = (layers.length - 1) * LAYER + BOX.height + 2 * MARGIN + LEGEND;
  const top = (layer) => MARGIN + (layers.length - 1 - layer) * LAYER;
  const layerOf = (cell) => layers.findIndex((layer) => layer.includes(cell));
  const at = (cell, dy) => ({ x: cell.x + MARGIN, y: top(layerOf(cell)) + dy });

  const paths = routes.map(({ cells, types }) => {
    const points = cells.flatMap((cell, i) => {
      if (i === 0) return [at(cell, BOX.height)];
      if (i === cells.length - 1) return [at(cell, 0)];
      return [at(cell, 0), at(cell, BOX.height)];
    });
    return `<path class="edge${types ? ' types' : ''}" d="${curve(points)}"/>`;
  });
  const boxes = layers.flat().flatMap((cell) => {
    if (cell.name === undefined) return [];
    const [group, words] = WHAT[cell.name];
    const { x, y } = at(cell, 0);
    const left = x - BOX.width / 2;
    return [
      `<g class="${group}"><rect class="back" x="${left}" y="${y}" width="${BOX.width}" height="${BOX.height}" rx="9"/>`,
      `<rect class="box" x="${left}" y="${y}" width="${BOX.width}" height="${BOX.height}" rx="9"/>`,
      `<text class="name" x="${x}" y="${y + 25}">${cell.name}</text>`,
      `<text class="what" x="${x}" y="${y + 44}">${words}</text></g>`,
    ];
  });
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title">`,
    '<title id="title">The packages of Shoal: an arrow means "imports"</title>',
    style(),
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="tip" d="M0 0.5L7.5 4L0 7.5Z"/></marker></defs>',
    ...paths,
    ...boxes,
    ...legend(height),
    '</svg>',
  ].join('\n')}\n`;
}

/** Through the points, with vertical ends. */
function curve(points) {
  let path = `M${points[0].x} ${points[0].y}`;
  for (let i = 1; i < points.length; i++) {
    const [a, b] = [points[i - 1], points[i]];
    const end = i === points.length - 1 ? b.y - 2 : b.y;
    if (a.x === b.x) path += `V${end}`;
    else {
      const middle = (a.y + end) / 2;
      path += `C${a.x} ${middle} ${b.x} ${middle} ${b.x} ${end}`;
    }
  }
  return path;
}

function legend(height) {
  const y = height - MARGIN - 10;
  const groups = Object.entries(GROUPS);
  let next = MARGIN;
  const items = groups.map(([group, { title }]) => {
    const x = next;
    next += 21 + title.length * 7 + 18;
    return `<g class="${group}"><rect class="box" x="${x}" y="${y - 11}" width="14" height="14" rx="4"/><text class="key" x="${x + 21}" y="${y}">${title}</text></g>`;
  });
  const note =
    'An arrow means "imports"; dashed: types only. Arrows that others imply are left out.';
  return [`<text class="key" x="${MARGIN}" y="${y - 26}">${note}</text>`, ...items];
}

function style() {
  const colors = (theme) =>
    Object.entries(GROUPS).map(([group, of]) => `.${group}{color:${of[theme]}}`);
  return `<style>
text{font-family:ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;text-anchor:middle;fill:#1f2328}
.name{font-weight:650;font-size:14.5px}
.what,.key{font-size:12.5px;fill:#57606a}
.key{text-anchor:start}
.back{fill:#fff}
.box{fill:currentColor;fill-opacity:.1;stroke:currentColor;stroke-width:1.6}
.edge{fill:none;stroke:#8c959f;stroke-width:1.5;marker-end:url(#tip)}
.types{stroke-dasharray:5 4}
.tip{fill:#8c959f}
${colors('light').join('\n')}
@media (prefers-color-scheme:dark){
text{fill:#e6edf3}
.what,.key{fill:#9aa4ae}
.back{fill:#0d1117}
.edge{stroke:#768390}
.tip{fill:#768390}
${colors('dark').join('\n')}
}
</style>`;
}
