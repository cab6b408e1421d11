/** Standard score of the upper 5 %, one-sided. */
const Z95 = 1.645;

/** Upper bound, at 95 %, of a share of which `count` of `all` were seen: E. B. Wilson's (1927), one-sided. */
export function shareBound(count: number, all: number): number {
  const z2 = Z95 ** 2;
  const middle = count + z2 / 2;
  return Math.min(1, (middle + Math.sqrt(z2 * (count - count ** 2 / all + z2 / 4))) / (all + z2));
}

/** How likely `count` or more of `all` are by chance, where each is with `share`. */
export function binomialTail(count: number, all: number, share: number): number {
  let log = all * Math.log(1 - share);
  let below = 0;
  for (let n = 0; n < count; n++) {
    below += Math.exp(log);
    log += Math.log((all - n) / (n + 1)) + Math.log(share / (1 - share));
  }
  return Math.max(0, 1 - below);
}

/** Pearson's r; 0 where one of the two never changes, and so can tell nothing. */
export function correlation(x: readonly number[], y: readonly number[]): number {
  const dx = offMean(x);
  const dy = offMean(y);
  const squares = sumOf(dx, dx) * sumOf(dy, dy);
  return squares === 0 ? 0 : sumOf(dx, dy) / Math.sqrt(squares);
}

function offMean(values: readonly number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value - mean);
}

const sumOf = (x: readonly number[], y: readonly number[]): number =>
  x.reduce((sum, value, n) => sum + value * (y[n] ?? 0), 0);

/** The value that a share (0–1) of the values are not over. Sorts a copy. */
export function percentile(values: Float64Array, share: number): number {
  return values.toSorted()[Math.min(values.length - 1, Math.floor(share * values.length))] ?? Number.NaN;
}
