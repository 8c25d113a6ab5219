// Prints a table. Every cell is text.
export function printTable(title, head, rows) {
  console.log(`\n${title}`);
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i].length)));
  for (const row of [head, ...rows]) {
    console.log(`  ${row.map((cell, i) => cell.padEnd(widths[i])).join('  ')}`.trimEnd());
  }
}

/** The last three cells of a row: the ratio, the goal and whether it holds. */
export function verdict(ratio, goal) {
  if (goal === undefined) return [`${ratio.toFixed(2)}x`, 'none', ''];
  return [`${ratio.toFixed(2)}x`, `>= ${goal}x`, ratio >= goal ? 'holds' : 'MISSED'];
}

/** Nanoseconds per entry of `size` bytes as two cells: entries and megabytes per second. */
export function throughput(ns, size) {
  return [
    `${Math.round(1e9 / ns).toLocaleString('en')}/s`,
    `${((size * 1e3) / ns).toFixed(0)} MB/s`,
  ];
}
