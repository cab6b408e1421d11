import { TONES, toneHz } from './keypad.js';
import { SAMPLE_RATE } from './mulaw.js';
import { BLOCK, type ToneBlocks } from './tone-blocks.js';

/**
 * How far a tone that fills the newest `blocks` is off its frequency, as a share of it: by the turn of its phase from
 * their older half to the newer one.
 */
export function detuneOf(source: ToneBlocks, tone: number, blocks: number): number {
  const half = blocks / 2;
  let re = 0;
  let im = 0;
  let wasRe = 0;
  let wasIm = 0;
  for (let ago = 0; ago < half; ago++) {
    re += source.re(tone, ago);
    im += source.im(tone, ago);
    wasRe += source.re(tone, ago + half);
    wasIm += source.im(tone, ago + half);
  }
  const turn = Math.atan2(im * wasRe - re * wasIm, re * wasRe + im * wasIm);
  return Math.abs((turn * SAMPLE_RATE) / (2 * Math.PI * half * BLOCK)) / toneHz(tone);
}

/** Where a key's tone may be, and where it may not: shares of its frequency to both sides. */
const NEAR = [0, 0.015, -0.015] as const;
const FAR = [0.045, -0.045, 0.07, -0.07] as const;
const ASIDE = [...NEAR, ...FAR];

/** Tone by tone, and for each of those places, the turn of the phase in one block. */
const TURN = Float64Array.from({ length: TONES * ASIDE.length }, (_, i) => {
  const hz = toneHz(i / ASIDE.length);
  return (2 * Math.PI * hz * (ASIDE[i % ASIDE.length] ?? 0) * BLOCK) / SAMPLE_RATE;
});
const COS = TURN.map(Math.cos);
const SIN = TURN.map(Math.sin);

/** How much more energy lies at a tone's frequency than beside it, dB, over the newest `blocks`. */
export function peakOf(source: ToneBlocks, tone: number, blocks: number): number {
  let near = 0;
  let far = 0;
  for (let place = 0; place < ASIDE.length; place++) {
    const cos = COS[tone * ASIDE.length + place] ?? 0;
    const sin = SIN[tone * ASIDE.length + place] ?? 0;
    let re = 0;
    let im = 0;
    for (let ago = 0; ago < blocks; ago++) {
      const turned = re * cos - im * sin;
      im = re * sin + im * cos + source.im(tone, ago);
      re = turned + source.re(tone, ago);
    }
    const power = re * re + im * im;
    if (place < NEAR.length) near = Math.max(near, power);
    else far = Math.max(far, power);
  }
  return 10 * Math.log10((near + 1) / (far + 1));
}
