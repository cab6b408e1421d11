import { describe, expect, it } from '@jest/globals';
import { DEFAULT_SETTINGS, settingsPatchSchema } from '../../../src/carrier/simulated/simulator-settings.js';
import {
  EVENTS,
  TONES,
  eventsPatch,
  switchesOf,
  tonesPatch,
} from '../../../src/sandbox/web/carrier-switches.js';

describe('the carrier’s switches on the phone page', () => {
  it('start where the carrier does', () => {
    expect(switchesOf(DEFAULT_SETTINGS)).toEqual({ tones: 'kept', events: 'sent' });
  });

  it('are what they were set to, by patches that the carrier takes', () => {
    for (const tones of TONES) {
      for (const events of EVENTS) {
        const patch = settingsPatchSchema.parse({ ...tonesPatch(tones), ...eventsPatch(events) });
        expect(switchesOf(Object.assign({}, DEFAULT_SETTINGS, patch))).toEqual({ tones, events });
      }
    }
  });
});
