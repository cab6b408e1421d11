import { LitElement, html } from 'lit';
import { MULAW_DECODE } from '../../dsp/mulaw.js';
import { BANDS, Spectrum } from './spectrum.js';

const WAVE_HEIGHT = 16;
const HEIGHT = WAVE_HEIGHT + BANDS;
/** Pixels of the picture a frame of 20 ms: 480 pixels are 4.8 s. */
const STEP = 2;
const WIDTH = 480;

/** From silence to full scale: night blue, blue, green, yellow, white. */
const COLOURS: readonly (readonly [number, number, number])[] = [
  [11, 16, 32],
  [25, 50, 110],
  [30, 125, 150],
  [90, 200, 130],
  [250, 215, 90],
  [255, 250, 235],
];

/** `<sound-view>`: a scrolling picture of sound, loudness on top and a spectrogram below, drawn frame by frame. */
export class SoundView extends LitElement {
  declare label: string;
  readonly #spectrum = new Spectrum();
  readonly #samples = new Int16Array(160);
  #canvas: CanvasRenderingContext2D | null = null;
  #column: ImageData | null = null;

  static override properties = { label: { type: String } };

  constructor() {
    super();
    this.label = '';
  }

  /** 20 ms of µ-law. */
  draw(frame: Uint8Array): void {
    const canvas = this.#canvas;
    if (!canvas || frame.length !== this.#samples.length) return;
    for (let i = 0; i < frame.length; i++) this.#samples[i] = MULAW_DECODE[frame[i] ?? 0xff] ?? 0;
    const column = (this.#column ??= canvas.createImageData(STEP, HEIGHT));
    paint(column, loudness(this.#samples), this.#spectrum.push(this.#samples));
    canvas.drawImage(canvas.canvas, -STEP, 0);
    canvas.putImageData(column, WIDTH - STEP, 0);
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override render() {
    return html`
      <canvas width=${WIDTH} height=${HEIGHT} role="img" aria-label=${this.label}></canvas>
      <span class="hertz" aria-hidden="true">3 kHz</span>
      <span class="hertz" aria-hidden="true">2 kHz</span>
      <span class="hertz" aria-hidden="true">1 kHz</span>
    `;
  }

  protected override firstUpdated(): void {
    this.#canvas = this.querySelector('canvas')?.getContext('2d', { alpha: false }) ?? null;
    if (!this.#canvas) return;
    this.#canvas.fillStyle = rgb(0);
    this.#canvas.fillRect(0, 0, WIDTH, HEIGHT);
  }
}

customElements.define('sound-view', SoundView);

/** 0 to 1, on a scale of dB as ears have it. */
export function loudness(samples: Int16Array): number {
  let energy = 0;
  for (const sample of samples) energy += sample * sample;
  const db = 10 * Math.log10(energy / samples.length / 32_768 ** 2 + 1e-9);
  return Math.min(1, Math.max(0, 1 + db / 60));
}

function paint(column: ImageData, loudness: number, bands: Float64Array): void {
  const half = WAVE_HEIGHT / 2;
  for (let y = 0; y < HEIGHT; y++) {
    const value =
      y < WAVE_HEIGHT ? waveAt(Math.abs(y - half + 0.5), half * loudness) : (bands[HEIGHT - 1 - y] ?? 0);
    const [red, green, blue] = colour(value);
    for (let x = 0; x < STEP; x++) {
      const at = (y * STEP + x) * 4;
      column.data[at] = red;
      column.data[at + 1] = green;
      column.data[at + 2] = blue;
      column.data[at + 3] = 255;
    }
  }
}

function waveAt(distance: number, reach: number): number {
  return distance < reach ? 0.6 : 0;
}

function colour(value: number): [number, number, number] {
  const place = value * (COLOURS.length - 1);
  const low = COLOURS[Math.floor(place)] ?? [0, 0, 0];
  const high = COLOURS[Math.ceil(place)] ?? low;
  const part = place % 1;
  const mix = (i: 0 | 1 | 2) => Math.round(low[i] + (high[i] - low[i]) * part);
  return [mix(0), mix(1), mix(2)];
}

function rgb(value: number): string {
  return `rgb(${colour(value).join(' ')})`;
}
