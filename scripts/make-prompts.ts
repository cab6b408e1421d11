// Makes the prompts: what ivr-flows/prompts/<language>/texts.yaml says, spoken by espeak-ng, as 8 kHz µ-law WAV files
// beside it. It is run when a text changes, and what it makes is committed. Needs espeak-ng and sox (Debian has both).
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { amplitudeOf, SAMPLE_RATE } from '../src/dsp/mulaw.js';
import { toMulaw } from '../src/dsp/tone.js';
import { wavFile } from '../src/recording/wav.js';

const FOLDER = 'ivr-flows/prompts';
const VOICES = { en: 'en-gb', fr: 'fr-fr' };
const WORDS_A_MINUTE = 150;

/** Mean level of speech on a telephone line while somebody speaks (ITU-T P.56 calls it the active level). */
const ACTIVE_LEVEL = -16; // dBm0
/** Quieter than that under the loudest 20 ms is a pause. */
const PAUSE_UNDER = 30; // dB
const WINDOW = 160;
const SILENCE = SAMPLE_RATE / 10;

for (const [language, voice] of Object.entries(VOICES)) {
  const folder = join(FOLDER, language);
  const texts = parse(readFileSync(join(folder, 'texts.yaml'), 'utf8')) as Record<string, string>;
  for (const [name, text] of Object.entries(texts)) {
    const file = join(folder, `${name}.wav`);
    const mulaw = toMulaw(levelled(spoken(text, voice)));
    writeFileSync(file, wavFile(mulaw));
    console.log(`${file}: ${(mulaw.length / SAMPLE_RATE).toFixed(1)} s`);
  }
}

/** 16-bit samples at 8 kHz, in the band of a telephone. */
function spoken(text: string, voice: string): Float64Array {
  const options = { maxBuffer: 64 * 1024 * 1024 };
  const wav = execFileSync(
    'espeak-ng',
    ['-v', voice, '-s', String(WORDS_A_MINUTE), '--stdout', text],
    options,
  );
  const format = ['-t', 'raw', '-r', String(SAMPLE_RATE), '-c', '1', '-e', 'signed', '-b', '16'];
  const raw = execFileSync('sox', ['-t', 'wav', '-', ...format, '-', 'gain', '-6', 'sinc', '250-3400'], {
    ...options,
    input: wav,
  });
  return Float64Array.from({ length: raw.length / 2 }, (_, n) => raw.readInt16LE(2 * n));
}

/** At the active level, with a tenth of a second of silence before and after. */
function levelled(samples: Float64Array): Float64Array {
  const powers = Array.from({ length: Math.ceil(samples.length / WINDOW) }, (_, n) => {
    const window = samples.subarray(n * WINDOW, (n + 1) * WINDOW);
    return window.reduce((sum, x) => sum + x * x, 0) / window.length;
  });
  const least = Math.max(...powers) * 10 ** (-PAUSE_UNDER / 10);
  const active = powers.filter((power) => power >= least);
  const mean = active.reduce((sum, power) => sum + power, 0) / active.length;
  const gain = amplitudeOf(ACTIVE_LEVEL) / Math.SQRT2 / Math.sqrt(mean);
  const first = powers.findIndex((power) => power >= least) * WINDOW;
  const last = (powers.findLastIndex((power) => power >= least) + 1) * WINDOW;
  const speech = samples.subarray(first, last).map((x) => gain * x);
  const all = new Float64Array(speech.length + 2 * SILENCE);
  all.set(speech, SILENCE);
  return all;
}
