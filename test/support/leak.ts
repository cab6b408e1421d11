/** Equal samples in a row from which on they are the caller's own: noise hits a sample by chance, never eight. */
const RUN = 8;

/** Which output samples are the input's own, `hold` samples later. */
export function passedThrough(input: Uint8Array, output: Uint8Array, hold: number): Uint8Array {
  const passed = new Uint8Array(output.length);
  let run = 0;
  for (let n = 0; n < output.length; n++) {
    const held = n < hold ? 0xff : input[n - hold];
    run = output[n] === held ? run + 1 : 0;
    if (run === RUN) passed.fill(1, n - RUN + 1, n + 1);
    else if (run > RUN) passed[n] = 1;
  }
  return passed;
}

/** Samples of a span of the input that came out. */
export function leaked(passed: Uint8Array, span: { start: number; end: number }, hold: number): number {
  return passed.subarray(span.start + hold, span.end + hold).reduce((sum, one) => sum + one, 0);
}
