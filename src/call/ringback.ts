import type { Language } from '../carrier/carrier.js';
import { amplitudeOf, mulawEncode, MULAW_SILENCE, SAMPLE_RATE } from '../dsp/mulaw.js';

/** Ringing as a caller of that country knows it (ITU-T E.180, national lists): tones in Hz, seconds on and off. */
const CADENCE: Readonly<Record<Language, { hz: readonly number[]; seconds: readonly number[] }>> = {
  fr: { hz: [440], seconds: [1.5, 3.5] },
  en: { hz: [400, 450], seconds: [0.4, 0.2, 0.4, 2] },
};

const LEVEL_DBM0 = -16;

/** The ringing that the caller hears until the agent's stream starts: one frame out for each frame in. */
export class Ringback {
  readonly #cycle: Uint8Array;
  #position = 0;

  constructor(language: Language) {
    this.#cycle = CYCLES[language];
  }

  /** Fills `frame` with what comes next. */
  next(frame: Uint8Array): void {
    for (let i = 0; i < frame.length; i++) {
      frame[i] = this.#cycle[this.#position] ?? MULAW_SILENCE;
      this.#position = (this.#position + 1) % this.#cycle.length;
    }
  }
}

const CYCLES: Readonly<Record<Language, Uint8Array>> = { fr: render('fr'), en: render('en') };

function render(language: Language): Uint8Array {
  const { hz, seconds } = CADENCE[language];
  const peak = amplitudeOf(LEVEL_DBM0) / hz.length;
  const spans = seconds.map((length, index) => ({
    samples: Math.round(length * SAMPLE_RATE),
    on: index % 2 === 0,
  }));
  const cycle: number[] = [];
  for (const { samples, on } of spans) {
    for (let i = 0; i < samples; i++) {
      const t = cycle.length / SAMPLE_RATE;
      const sum = hz.reduce((total, f) => total + Math.sin(2 * Math.PI * f * t), 0);
      cycle.push(on ? mulawEncode(peak * sum) : MULAW_SILENCE);
    }
  }
  return Uint8Array.from(cycle);
}
