import { PNG } from 'pngjs';
import { MULAW_DECODE, MULAW_SILENCE, SAMPLE_RATE, dbm0Of } from '../dsp/mulaw.js';
import { fft } from './fft.js';
import { GLYPH_HEIGHT, GLYPH_WIDTH, glyphDot } from './bitmap-font.js';

export interface SpectrogramRow {
  readonly title: string;
  readonly mulaw: Uint8Array;
}

/** Longer sound is cut off, so that the picture stays of a size that can be looked at. */
export const LONGEST_SECONDS = 120;

type Colour = readonly [red: number, green: number, blue: number];

const PAGE: Colour = [13, 17, 28];
const INK: Colour = [214, 222, 235];
const FAINT: Colour = [120, 132, 154];

/** From quiet to loud, evenly spaced over the range. */
const SCALE: readonly Colour[] = [
  [13, 17, 28],
  [33, 40, 92],
  [84, 47, 132],
  [172, 60, 116],
  [240, 112, 74],
  [253, 190, 90],
  [254, 248, 205],
];
const QUIETEST = -58; // dBm0
const LOUDEST = -8;

/** Samples of one spectrum, which gives as many rows of the picture as it has useful bins. */
const WINDOW = 512;
const BINS = WINDOW / 2;

const LEFT = 78;
const RIGHT = 26;
const TOP = 46;
const BOTTOM = 44;
const ROW = TOP + BINS + BOTTOM;
const PIXELS_PER_SECOND = { least: 16, most: 80 } as const;
const USUAL_WIDTH = 1100;
const TEXT = 2; // pixels a dot

const HANN = Float64Array.from(
  { length: WINDOW },
  (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / WINDOW),
);

/** One picture with a spectrogram a row, all on the same scale of time, level and frequency (0–4 kHz). */
export function spectrogramPng(rows: readonly SpectrogramRow[]): Buffer {
  const longest = Math.max(...rows.map((row) => row.mulaw.length), 1) / SAMPLE_RATE;
  const seconds = Math.min(longest, LONGEST_SECONDS);
  const { least, most } = PIXELS_PER_SECOND;
  const perSecond = Math.round(Math.min(Math.max(USUAL_WIDTH / seconds, least), most));
  const width = Math.ceil(seconds * perSecond);
  const png = new PNG({ width: LEFT + width + RIGHT, height: Math.max(1, rows.length) * ROW });
  fill(png, 0, 0, png.width, png.height, PAGE);
  for (const [index, row] of rows.entries()) {
    const top = index * ROW + TOP;
    text(png, LEFT, top - 26, row.title, INK);
    drawSound(png, top, row.mulaw, width, perSecond);
    drawAxes(png, top, width, perSecond);
  }
  return PNG.sync.write(png);
}

function drawSound(png: PNG, top: number, mulaw: Uint8Array, width: number, perSecond: number): void {
  const step = SAMPLE_RATE / perSecond;
  const columns = Math.min(width, Math.ceil(mulaw.length / step));
  for (let x = 0; x < columns; x++) {
    const levels = spectrum(mulaw, Math.round((x + 0.5) * step - WINDOW / 2));
    for (let bin = 0; bin < BINS; bin++) {
      dot(png, LEFT + x, top + BINS - 1 - bin, colourOf(levels[bin] ?? QUIETEST));
    }
  }
}

/** Level in dBm0 of a sine at each bin. */
function spectrum(mulaw: Uint8Array, start: number): Float64Array {
  const re = HANN.map((weight, n) => weight * (MULAW_DECODE[mulaw[start + n] ?? MULAW_SILENCE] ?? 0));
  const im = new Float64Array(WINDOW);
  fft(re, im);
  return re.subarray(0, BINS).map((x, bin) => dbm0Of((4 * Math.hypot(x, im[bin] ?? 0)) / WINDOW + 1e-3));
}

function colourOf(level: number): Colour {
  const at = Math.min(Math.max((level - QUIETEST) / (LOUDEST - QUIETEST), 0), 0.9999) * (SCALE.length - 1);
  const from = SCALE[Math.floor(at)] ?? PAGE;
  const to = SCALE[Math.floor(at) + 1] ?? PAGE;
  const mix = (channel: 0 | 1 | 2): number => from[channel] + (to[channel] - from[channel]) * (at % 1);
  return [mix(0), mix(1), mix(2)];
}

function drawAxes(png: PNG, top: number, width: number, perSecond: number): void {
  for (let hz = 0; hz <= 4000; hz += 1000) {
    const y = top + BINS - Math.round((hz / 4000) * BINS);
    fill(png, LEFT - 6, y, 5, 1, FAINT);
    const label = `${hz}`;
    text(png, LEFT - 12 - textWidth(label), y - GLYPH_HEIGHT, label, FAINT);
  }
  text(png, 8, top - 26, 'Hz', FAINT);
  const every = [1, 2, 5, 10, 20].find((step) => step * perSecond >= 60) ?? 20;
  for (let second = 0; second * perSecond <= width; second += every) {
    const x = LEFT + second * perSecond;
    fill(png, x, top + BINS + 1, 1, 5, FAINT);
    const label = second === 0 ? '0 s' : `${second}`;
    text(png, x - Math.floor(textWidth(label) / 2), top + BINS + 12, label, FAINT);
  }
}

const textWidth = (words: string): number => words.length * (GLYPH_WIDTH + 1) * TEXT;

function text(png: PNG, left: number, top: number, words: string, colour: Colour): void {
  for (let index = 0; index < words.length; index++) {
    const letter = words.charAt(index);
    const x = left + index * (GLYPH_WIDTH + 1) * TEXT;
    for (let column = 0; column < GLYPH_WIDTH; column++) {
      for (let row = 0; row < GLYPH_HEIGHT; row++) {
        if (glyphDot(letter, column, row)) fill(png, x + column * TEXT, top + row * TEXT, TEXT, TEXT, colour);
      }
    }
  }
}

function fill(png: PNG, left: number, top: number, width: number, height: number, colour: Colour): void {
  for (let y = top; y < top + height; y++) for (let x = left; x < left + width; x++) dot(png, x, y, colour);
}

function dot(png: PNG, x: number, y: number, [red, green, blue]: Colour): void {
  if (x < 0 || y < 0 || x >= png.width || y >= png.height) return;
  const at = (y * png.width + x) * 4;
  png.data[at] = red;
  png.data[at + 1] = green;
  png.data[at + 2] = blue;
  png.data[at + 3] = 255;
}
