/**
 * Runs both alternately. Returns the median rate of each, in units per second, and the median of
 * the ratios per round: other load on the machine affects both runs of a round alike.
 */
export async function compare(ours, bare, runs = 11) {
  const rates = { ours: [], bare: [] };
  await timed(ours); // warm-up
  await timed(bare);
  for (let i = 0; i < runs; i++) {
    const order = i % 2 === 0 ? ['ours', 'bare'] : ['bare', 'ours'];
    for (const name of order) rates[name].push(await timed(name === 'ours' ? ours : bare));
  }
  const ratio = median(rates.ours.map((rate, i) => rate / rates.bare[i]));
  return { ours: median(rates.ours), bare: median(rates.bare), ratio };
}

async function timed(run) {
  run.prepare?.();
  const start = process.hrtime.bigint();
  const count = await run();
  return count / (Number(process.hrtime.bigint() - start) / 1e9);
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

/** Prints one row of the table: name, both rates, ratio, goal, and whether it was reached. */
export function report(what, { ours, bare, ratio }, goal) {
  const rate = (value) => `${Math.round(value).toLocaleString('en')}/s`.padStart(14);
  const verdict = ratio >= goal ? 'holds' : 'MISSED';
  console.log(
    `${what.padEnd(34)} ${rate(ours)} ${rate(bare)}   ${ratio.toFixed(2)}   >= ${goal.toFixed(2)}  ${verdict}`,
  );
}

export function heading() {
  console.log(`${'what'.padEnd(34)} ${'Shoal'.padStart(14)} ${'bare'.padStart(14)}  ratio  goal`);
}
