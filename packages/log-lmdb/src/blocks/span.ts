/**
 * Consecutive entries of one generation. Each rollback and each restore begins a new generation.
 * The entries that it cuts off stay where they are, but their spans move to an archive.
 */
export interface Span {
  readonly generation: number;
  readonly first: number;
  /** Infinity for the span that entries are appended to. */
  readonly last: number;
}

/** The span that holds `vlsn`. */
export function spanAt(spans: readonly Span[], vlsn: number): Span | undefined {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (spans[middle]!.last < vlsn) low = middle + 1;
    else high = middle;
  }
  const span = spans[low];
  return span !== undefined && span.first <= vlsn ? span : undefined;
}

/** The parts of the spans within `first..last`. */
export function clip(spans: readonly Span[], first: number, last: number): Span[] {
  const parts: Span[] = [];
  for (const span of spans) {
    const from = Math.max(first, span.first);
    const to = Math.min(last, span.last);
    if (from <= to) parts.push({ generation: span.generation, first: from, last: to });
  }
  return parts;
}

/** Whether a span overlaps `range`. */
export function overlaps(spans: readonly Span[], range: Span): boolean {
  const { generation, first, last } = range;
  return spans.some(
    (span) => span.generation === generation && span.first <= last && first <= span.last,
  );
}
