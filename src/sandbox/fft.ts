/** Fourier transform in place; the length is a power of two (Cooley and Tukey, 1965). */
export function fft(re: Float64Array, im: Float64Array): void {
  reorder(re, im);
  for (let half = 1; half < re.length; half *= 2) {
    for (let k = 0; k < half; k++) {
      const cos = Math.cos((Math.PI * k) / half);
      const sin = -Math.sin((Math.PI * k) / half);
      for (let at = k; at < re.length; at += 2 * half) butterfly(re, im, at, at + half, cos, sin);
    }
  }
}

function butterfly(
  re: Float64Array,
  im: Float64Array,
  at: number,
  other: number,
  cos: number,
  sin: number,
): void {
  const x = (re[other] ?? 0) * cos - (im[other] ?? 0) * sin;
  const y = (re[other] ?? 0) * sin + (im[other] ?? 0) * cos;
  re[other] = (re[at] ?? 0) - x;
  im[other] = (im[at] ?? 0) - y;
  re[at] = (re[at] ?? 0) + x;
  im[at] = (im[at] ?? 0) + y;
}

/** Puts each element where the bits of its index, read backwards, say. */
function reorder(re: Float64Array, im: Float64Array): void {
  let to = 0;
  for (let from = 0; from < re.length; from++) {
    if (from < to) {
      [re[from], re[to]] = [re[to] ?? 0, re[from] ?? 0];
      [im[from], im[to]] = [im[to] ?? 0, im[from] ?? 0];
    }
    let bit = re.length >> 1;
    while (bit > 0 && to & bit) {
      to ^= bit;
      bit >>= 1;
    }
    to |= bit;
  }
}
