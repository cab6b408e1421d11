import { KEY_ASCII } from '../../../src/dsp/keypad.js';
import { MULAW_DECODE, SAMPLE_RATE } from '../../../src/dsp/mulaw.js';
import { resampled } from '../../battery/distort.js';
import type { Heard } from '../../battery/receiver.js';
import { isInstalled, run, type Rival } from './rival.js';

/** multimon-ng (T. Sailer, E. Oenal), which many decode recordings with: Debian's package of that name. */
export const multimon: Rival = {
  name: 'multimon-ng',
  missing: () =>
    isInstalled('multimon-ng') ? undefined : 'multimon-ng is missing: apt-get install multimon-ng',
  receiver: listen,
};

/** The rate that its input has, Hz. */
const RATE = 22_050;

/** It names keys, and says nothing else of them. */
function listen(mulaw: Uint8Array): Heard[] {
  const samples = new Float64Array(mulaw.length);
  for (let n = 0; n < mulaw.length; n++) samples[n] = MULAW_DECODE[mulaw[n] ?? 0] ?? 0;
  const fast = resampled(samples, SAMPLE_RATE / RATE);
  const input = new Int16Array(fast.length);
  for (let n = 0; n < fast.length; n++) {
    input[n] = Math.max(-32_768, Math.min(32_767, Math.round(fast[n] ?? 0)));
  }
  const output = run('multimon-ng', ['-q', '-a', 'DTMF', '-t', 'raw', '-'], new Uint8Array(input.buffer));
  return [...output.matchAll(/^DTMF: (.)$/gm)].map(([, key = '']) => ({
    key: KEY_ASCII.indexOf(key.charCodeAt(0)),
    start: null,
    length: null,
    level: null,
    found: null,
  }));
}
