/**
 * The keypad's tones (ITU-T Q.23): a key is one tone of the low group, its row, and one of the high group, its
 * column. Twist is the level of the high tone over the low one, in dB. Tones are numbered 0–7, low group first.
 */

export const LOW_HZ = [697, 770, 852, 941] as const;
export const HIGH_HZ = [1209, 1336, 1477, 1633] as const;

/** Tones of one group. */
export const GROUP = 4;
export const TONES = 2 * GROUP;

const HZ: readonly number[] = [...LOW_HZ, ...HIGH_HZ];

/** Frequency of a tone by number (fractions are cut off). */
export function toneHz(tone: number): number {
  return HZ[Math.trunc(tone)] ?? 0;
}

/** Keys row by row, as they lie on the keypad (1 2 3 A, 4 5 6 B, 7 8 9 C, * 0 # D), numbered as in `secret.ts`. */
export const KEY_AT: readonly number[] = [1, 2, 3, 12, 4, 5, 6, 13, 7, 8, 9, 14, 10, 0, 11, 15];

/** The key of a row and a column, both 0–3. */
export function keyAt(row: number, column: number): number {
  return KEY_AT[row * GROUP + column] ?? -1;
}

/** Frequencies of a key's two tones. */
export function keyHz(key: number): readonly [low: number, high: number] {
  const place = KEY_AT.indexOf(key);
  return [LOW_HZ[Math.floor(place / GROUP)] ?? 0, HIGH_HZ[place % GROUP] ?? 0];
}

/** ASCII of each key, by key number. */
export const KEY_ASCII: Readonly<Uint8Array> = Uint8Array.from('0123456789*#ABCD', (c) => c.charCodeAt(0));
