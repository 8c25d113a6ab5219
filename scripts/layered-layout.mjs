// Lays a graph without cycles out in layers, after Sugiyama: an edge points down, to a lower layer.

/**
 * `nodes`: `{ name, imports: Map }`, whose edges have been thinned out by {@link reduced}. Returns
 * `{ layers, routes }`: each layer an array of cells `{ name?, x, width }` from left to right, the
 * lowest first; each route `{ from, to, types, cells }`, its cells one a layer from top to bottom.
 */
export function layeredLayout(nodes, { boxWidth, gap, laneWidth }) {
  const level = levelsOf(nodes);
  const height = Math.max(...level.values()) + 1;
  const layers = Array.from({ length: height }, () => []);
  const cellOf = new Map();
  for (const { name } of nodes) {
    const cell = { name, width: boxWidth, above: [], below: [], x: 0 };
    cellOf.set(name, cell);
    layers[level.get(name)].push(cell);
  }
  const routes = [];
  for (const { name, imports } of nodes) {
    for (const [target, { types }] of imports) {
      const cells = [cellOf.get(name)];
      for (let at = level.get(name) - 1; at > level.get(target); at--) {
        const lane = { width: laneWidth, above: [], below: [], x: 0 };
        layers[at].push(lane);
        cells.push(lane);
      }
      cells.push(cellOf.get(target));
      for (let i = 1; i < cells.length; i++) {
        cells[i - 1].below.push(cells[i]);
        cells[i].above.push(cells[i - 1]);
      }
      routes.push({ from: name, to: target, types, cells });
    }
  }
  order(layers);
  place(layers, gap);
  return { layers, routes };
}

/** The nodes without the edges that others imply: a to c, where a imports b and b imports c. */
export function reduced(nodes) {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const reaches = (from, to) =>
    from === to || [...byName.get(from).imports.keys()].some((next) => reaches(next, to));
  return nodes.map(({ name, imports }) => {
    const kept = [...imports].filter(
      ([target]) =>
        ![...imports.keys()].some((other) => other !== target && reaches(other, target)),
    );
    return { name, imports: new Map(kept) };
  });
}

/** The longest way down from each node. */
function levelsOf(nodes) {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const levels = new Map();
  const levelOf = (name) => {
    if (!levels.has(name)) {
      const below = [...byName.get(name).imports.keys()].map((next) => levelOf(next) + 1);
      levels.set(name, Math.max(0, ...below));
    }
    return levels.get(name);
  };
  for (const { name } of nodes) levelOf(name);
  return levels;
}

/** Tries every neighboring swap until none makes it better, from several beginnings. */
function order(layers) {
  let best;
  for (let start = 0; start < 200; start++) {
    for (const [i, layer] of layers.entries()) shuffle(layer, start * 31 + i);
    for (let better = true; better; ) {
      better = false;
      for (const layer of layers) {
        for (let i = 0; i < layer.length; i++) {
          for (let k = i + 1; k < layer.length; k++) {
            const before = cost(layers);
            [layer[i], layer[k]] = [layer[k], layer[i]];
            if (cost(layers) < before) better = true;
            else [layer[i], layer[k]] = [layer[k], layer[i]];
          }
        }
      }
    }
    const reached = cost(layers);
    if (!best || reached < best.reached) best = { reached, layers: layers.map((l) => [...l]) };
  }
  for (const [i, layer] of layers.entries()) layer.splice(0, layer.length, ...best.layers[i]);
}

/** Crossings first, then how far edges lead sideways. */
function cost(layers) {
  let crossings = 0;
  let aside = 0;
  for (const layer of layers) {
    const ends = [];
    for (const [i, cell] of layer.entries()) {
      for (const next of cell.below)
        ends.push([i, layers.find((l) => l.includes(next)).indexOf(next)]);
    }
    for (const [a, b] of ends) for (const [c, d] of ends) if ((a - c) * (b - d) < 0) crossings++;
  }
  const middle = Math.max(...layers.map((layer) => layer.length)) / 2;
  const x = (layers_, cell) => {
    const layer = layers_.find((l) => l.includes(cell));
    return layer.indexOf(cell) + middle - layer.length / 2;
  };
  for (const layer of layers) {
    for (const cell of layer)
      for (const next of cell.below) aside += Math.abs(x(layers, cell) - x(layers, next));
  }
  return crossings * 1000 + aside;
}

/** Numbers cells, pulls each towards its neighbors, and keeps them apart. */
function place(layers, gap) {
  for (const layer of layers) {
    let at = 0;
    for (const cell of layer) {
      cell.x = at + cell.width / 2;
      at += cell.width + gap;
    }
  }
  for (let round = 0; round < 400; round++) {
    for (const layer of round % 2 === 0 ? layers : [...layers].reverse()) {
      for (const cell of layer) {
        const near = [...cell.above, ...cell.below];
        if (near.length === 0) continue;
        const wanted = near.reduce((sum, { x }) => sum + x, 0) / near.length;
        cell.x += (wanted - cell.x) * 0.5;
      }
      spread(layer, gap);
    }
  }
  const left = Math.min(...layers.flat().map(({ x, width }) => x - width / 2));
  for (const cell of layers.flat()) cell.x = Math.round(cell.x - left);
}

/** Moves cells that are too close apart, each pair by the same. */
function spread(layer, gap) {
  for (let round = 0; round < 60; round++) {
    for (let i = 1; i < layer.length; i++) {
      const [a, b] = [layer[i - 1], layer[i]];
      const missing = (a.width + b.width) / 2 + gap - (b.x - a.x);
      if (missing <= 0) continue;
      a.x -= missing / 2;
      b.x += missing / 2;
    }
  }
  for (let i = 1; i < layer.length; i++) {
    const [a, b] = [layer[i - 1], layer[i]];
    b.x = Math.max(b.x, a.x + (a.width + b.width) / 2 + gap);
  }
}

function shuffle(layer, seed) {
  let state = seed + 1;
  for (let i = layer.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const k = state % (i + 1);
    [layer[i], layer[k]] = [layer[k], layer[i]];
  }
}
