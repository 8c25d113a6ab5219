/**
 * Entries of one generation. Each rollback and each restore begins a new generation; what it
 * cuts off stays where it is, in spans of an archive instead of the log.
 */
export interface Span {
  readonly generation: number;
  readonly first: number;
  /** Infinity for the span that is appended to. */
  readonly last: number;
}

/** The span that `vlsn` lies in. */
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

/** Whether one of the spans has entries of `generation` within `first..last`. */
export function touches(
  spans: readonly Span[],
  generation: number,
  first: number,
  last: number,
): boolean {
  return spans.some(
    (span) => span.generation === generation && span.first <= last && first <= span.last,
  );
}
