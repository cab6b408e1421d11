import { GRID, BEEP_LENGTH, BEEP_LEVEL } from '../../src/dsp/beeper.js';
import { DtmfReceiver } from '../../src/dsp/dtmf-receiver.js';
import { amplitudeOf, mulawEncode, SAMPLE_RATE } from '../../src/dsp/mulaw.js';
import { guessKey } from '../support/matched-filter.js';

export interface HeardPress {
  key: number;
  start: number;
  end: number;
}

/** What our own detector finds. */
export function presses(mulaw: Uint8Array): HeardPress[] {
  const found: HeardPress[] = [];
  const receiver = new DtmfReceiver({
    up: (cell, { start, length }) => found.push({ key: cell.key, start, end: start + length }),
  });
  receiver.process(mulaw);
  receiver.end();
  return found;
}

/** How much later than spoken something is heard at most, in ms; it is looked for in steps of half a tone. */
const LATEST_MS = 600;
const STEP_MS = 10;

/**
 * The share of presses that a listener guesses who knows when each was made, at the best of all delays that the line
 * may have. Of twelve keys a twelfth is luck; over many delays the luckiest is taken.
 */
export function guessed(spoken: readonly HeardPress[], heard: Uint8Array): number {
  let best = 0;
  for (let delay = 0; delay <= LATEST_MS; delay += STEP_MS) {
    const shift = (delay * SAMPLE_RATE) / 1000;
    const right = spoken.filter(
      ({ key, start, end }) => guessKey(heard, start + shift, end + shift, [0, 0]) === key,
    );
    best = Math.max(best, right.length / spoken.length);
  }
  return best;
}

const BEEP_HZ = 1000;
const PERIOD = SAMPLE_RATE / BEEP_HZ;
const BEEP = Uint8Array.from({ length: BEEP_LENGTH }, (_, n) =>
  mulawEncode(amplitudeOf(BEEP_LEVEL.usual) * Math.sin((2 * Math.PI * (n % PERIOD)) / PERIOD)),
);
/** By so many samples a beep is known; noise doesn't repeat them. */
const BEGINNING = 64;

/** Where beeps begin, and whether each is the one beep that there is. */
export function beeps(heard: Buffer): { starts: number[]; alike: boolean } {
  const starts: number[] = [];
  const beginning = BEEP.subarray(0, BEGINNING);
  let alike = true;
  for (let at = heard.indexOf(beginning); at >= 0; at = heard.indexOf(beginning, at + BEEP_LENGTH)) {
    starts.push(at);
    alike &&= heard.subarray(at, at + BEEP_LENGTH).equals(BEEP);
  }
  return { starts, alike };
}

/** Whether all of them lie on one grid. */
export function onGrid(starts: readonly number[]): boolean {
  return starts.every((start) => (start - (starts[0] ?? 0)) % GRID === 0);
}
