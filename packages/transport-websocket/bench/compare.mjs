/** Runs both alternately. Returns the median rate of each, in units per second. */
export async function compare(ours, bare, runs = 7) {
  const rates = { ours: [], bare: [] };
  await ours(); // warm-up
  await bare();
  for (let i = 0; i < runs; i++) {
    const order = i % 2 === 0 ? ['ours', 'bare'] : ['bare', 'ours'];
    for (const name of order) rates[name].push(await timed(name === 'ours' ? ours : bare));
  }
  return { ours: median(rates.ours), bare: median(rates.bare) };
}

async function timed(run) {
  const start = process.hrtime.bigint();
  const count = await run();
  return count / (Number(process.hrtime.bigint() - start) / 1e9);
}

function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

/**
 * Prints one row of the table: name, both rates, Shoal's in MB/s for frames of `size` bytes, ratio,
 * goal, and whether it was reached.
 */
export function report(what, size, { ours, bare }, goal) {
  const ratio = ours / bare;
  const rate = (value) => `${Math.round(value).toLocaleString('en')}/s`.padStart(14);
  const megabytes = `${Math.round((ours * size) / 1e6).toLocaleString('en')} MB/s`.padStart(12);
  const verdict = ratio >= goal ? 'holds' : 'MISSED';
  console.log(
    `${what.padEnd(34)} ${rate(ours)} ${megabytes} ${rate(bare)}   ${ratio.toFixed(2)}   >= ${goal.toFixed(2)}  ${verdict}`,
  );
}

export function heading() {
  console.log(
    `${'what'.padEnd(34)} ${'Shoal'.padStart(14)} ${''.padStart(12)} ${'bare'.padStart(14)}  ratio  goal`,
  );
}
