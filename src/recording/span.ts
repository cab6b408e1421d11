/** A piece of a recording, in samples at 8 kHz: `end` is the first sample after it. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export function overlap(one: Span, other: Span): boolean {
  return one.start < other.end && other.start < one.end;
}

/** The span with a margin on both sides. */
export function widened({ start, end }: Span, margin: number): Span {
  return { start: Math.max(0, start - margin), end: end + margin };
}
