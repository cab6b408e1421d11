import { SAMPLE_RATE } from './mulaw.js';

/** Mean products that are fitted: w², wp, wq, p², pq, q², and those of y with its neighbour. */
export const PRODUCTS = 7;

/** From a rest of a tenth three steps are as good as more. */
const NEWTON_STEPS = 4;

/** Share of the power by which the products of neighbours may be off: a folded sine of a third of it is. */
const FOLDED_MOST = 0.2;

/**
 * Two sines and white noise, fitted to audio by linear prediction. Of two sines every value follows from those before
 * it, at any spacing T:
 *
 *     y[n] + y[n−4T] = a (y[n−T] + y[n−3T]) + b y[n−2T],   a = 2 (c + d),   b = −2 (1 + 2cd),
 *
 * c and d being the cosines of their steps. T is two samples: frequencies up to 2 kHz then lie far apart. The audio is
 * taken as y[n] = x[n] − x[n−4], which has no direct current and little below 300 Hz; white noise in x then lies in
 *
 *     w = y[n] + y[n−2T] + y[n−4T],   p = y[n−T] + y[n−3T],   q = y[n−2T]
 *
 * with one power and no correlation. So the least eigenvalue of the mean products of (w, p, q) is that power, and its
 * eigenvector says w = a p + (b + 1) q with no bias by the noise (V. F. Pisarenko, Geophys. J. R. astr. Soc. 33, 1973).
 */
export class TwoSines {
  /** Frequencies in Hz, the lower one first. */
  low = 0;
  high = 0;
  /** Powers, in squares of 16-bit units. */
  lowPower = 0;
  highPower = 0;

  /**
   * Fits `products` (of `PRODUCTS` means); false, and no figures, where more than `restMost` of the power is neither
   * sine, or where there are no two sines below 2 kHz.
   */
  fit(products: Float64Array, restMost: number): boolean {
    const ww = products[0] ?? 0;
    const wp = products[1] ?? 0;
    const wq = products[2] ?? 0;
    const pp = products[3] ?? 0;
    const pq = products[4] ?? 0;
    const qq = products[5] ?? 0;
    // The characteristic polynomial falls to its least root and is convex there: Newton's steps from 0 stay below it.
    const sum = ww + pp + qq;
    const minors = ww * pp - wp * wp + (ww * qq - wq * wq) + (pp * qq - pq * pq);
    const det = ww * (pp * qq - pq * pq) - wp * (wp * qq - pq * wq) + wq * (wp * pq - pp * wq);
    let rest = 0;
    for (let n = 0; n < NEWTON_STEPS; n++) {
      const value = det - rest * (minors - rest * (sum - rest));
      const slope = rest * (2 * sum - 3 * rest) - minors;
      rest -= value / slope;
      if (!(rest <= restMost * qq)) return false;
    }
    // The eigenvector, as the cross product of two rows.
    const p = pp - rest;
    const q = qq - rest;
    const scale = p * q - pq * pq;
    const half = (wp * q - pq * wq) / scale / 4; // (c + d) / 2
    const product = -((wq * p - wp * pq) / scale + 1) / 4; // cd
    const apart = Math.sqrt(half * half - product);
    const c = half + apart;
    const d = half - apart;
    if (!(apart > 0 && c < 1 && d > -1)) return false;

    const high = (q * c - pq / 2) / (c - d);
    const low = q - high;
    if (!(low > 0 && high > 0)) return false;
    // A sine over 2 kHz looks like one as far below it, but for its products over one sample.
    const neighbours = low * Math.sqrt((1 + c) / 2) + high * Math.sqrt((1 + d) / 2);
    if (Math.abs((products[6] ?? 0) - neighbours) > FOLDED_MOST * q) return false;
    this.low = (Math.acos(c) * SAMPLE_RATE) / (4 * Math.PI);
    this.high = (Math.acos(d) * SAMPLE_RATE) / (4 * Math.PI);
    this.lowPower = low / (4 - 4 * c * c);
    this.highPower = high / (4 - 4 * d * d);
    return true;
  }

  /** Forgets the sines. */
  wipe(): void {
    this.low = this.high = this.lowPower = this.highPower = 0;
  }
}
