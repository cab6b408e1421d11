import { SAMPLE_RATE, mulawEncode } from '../../src/dsp/mulaw.js';
import { guarded } from '../support/guarded.js';
import { passedThrough } from '../support/leak.js';
import { ms } from '../support/tones.js';
import type { Field, HoldMs } from './guard-leaks.js';
import type { Recording } from './recordings.js';

/** What the guard took away from a sound in which there is no key. */
export interface Cover {
  readonly seconds: number;
  readonly covered: number;
  readonly events: number;
}

export function coverOf({ samples }: Pick<Recording, 'samples'>, field: Field, holdMs: HoldMs): Cover {
  const mulaw = new Uint8Array(samples.length);
  for (let n = 0; n < samples.length; n++) mulaw[n] = mulawEncode(samples[n] ?? 0);
  const passed = passedThrough(mulaw, guarded(mulaw, field === 'open', holdMs), ms(holdMs));
  let covered = 0;
  let events = 0;
  for (let n = ms(holdMs); n < passed.length; n++) {
    if (passed[n] === 1) continue;
    covered++;
    if (passed[n - 1] === 1) events++;
  }
  return { seconds: samples.length / SAMPLE_RATE, covered: covered / SAMPLE_RATE, events };
}

export function together(covers: readonly Cover[]): Cover {
  const sum = (of: (cover: Cover) => number): number => covers.reduce((total, one) => total + of(one), 0);
  return {
    seconds: sum(({ seconds }) => seconds),
    covered: sum(({ covered }) => covered),
    events: sum(({ events }) => events),
  };
}
