/** G.711 µ-law: the sample format of every stream here, 8,000 bytes a second. */

export const SAMPLE_RATE = 8000;

/** The byte of sample 0 (its twin 0x7F is "minus zero"). */
export const MULAW_SILENCE = 0xff;

/** Added before the logarithm is taken: half a step of the lowest segment, in 16-bit units. */
const BIAS = 132;
/** The largest 16-bit magnitude that a code stands for; beyond it the codec clips. */
const CLIP = 32_635;

/**
 * Peak amplitude, in 16-bit units, of a sine of 0 dBm0. G.711 puts the theoretical load capacity of µ-law, a sine of
 * peak 8159 (of 14 bits), at +3.17 dBm0; the digital milliwatt of its table 6 decodes to the same within 0.01 dB.
 */
export const AMPLITUDE_0DBM0 = 8159 * 4 * 10 ** (-3.17 / 20);

/** Looked up once: in the sandbox of a test, a look-up in `Math` costs more than all the rest of a sample. */
const { abs, clz32, min, round } = Math;

/** Byte → 16-bit linear sample. */
export const MULAW_DECODE: Readonly<Int16Array> = Int16Array.from({ length: 256 }, (_, byte) => {
  const code = ~byte & 0xff;
  const magnitude = ((((code & 0x0f) << 3) + BIAS) << ((code >> 4) & 7)) - BIAS;
  return code & 0x80 ? -magnitude : magnitude;
});

/** 16-bit linear sample → byte. Clips. */
export function mulawEncode(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const biased = min(round(abs(sample)), CLIP) + BIAS;
  const exponent = 24 - clz32(biased);
  return ~(sign | (exponent << 4) | ((biased >> (exponent + 3)) & 0x0f)) & 0xff;
}

/** Peak amplitude in 16-bit units of a sine at `dbm0`. */
export function amplitudeOf(dbm0: number): number {
  return AMPLITUDE_0DBM0 * 10 ** (dbm0 / 20);
}

/** Level in dBm0 of a sine of that peak amplitude. */
export function dbm0Of(amplitude: number): number {
  return 20 * Math.log10(amplitude / AMPLITUDE_0DBM0);
}
