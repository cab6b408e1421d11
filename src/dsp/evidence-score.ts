/** What pieces of evidence count, each by itself and by its square, in the order of their values. */
export interface EvidenceWeights {
  readonly linear: Float64Array;
  readonly square: Float64Array;
}

/** The columns of a table of weights, in the order of `names`. */
export function columnsOf<Name extends string>(
  table: Readonly<Record<Name, readonly [linear: number, square: number]>>,
  names: readonly Name[],
): EvidenceWeights {
  return {
    linear: Float64Array.from(names, (name) => table[name][0]),
    square: Float64Array.from(names, (name) => table[name][1]),
  };
}

/** Whether the evidence, weighed and summed, comes to `threshold`. */
export function comesTo(threshold: number, values: Float64Array, weights: EvidenceWeights): boolean {
  const { linear, square } = weights;
  let sum = 0;
  for (let n = 0; n < linear.length; n++) {
    const value = values[n] ?? 0;
    sum += ((linear[n] ?? 0) + (square[n] ?? 0) * value) * value;
  }
  return sum >= threshold;
}
