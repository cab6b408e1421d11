import type { SimulatorSettings } from '../../carrier/simulated/simulator-settings.js';

/** The carrier's habits that the phone page lets one change while talking. */
export type Tones = 'kept' | 'clipped' | 'removed';
export type Events = 'sent' | 'late' | 'doubled' | 'absent';

export const TONES: readonly Tones[] = ['kept', 'clipped', 'removed'];
export const EVENTS: readonly Events[] = ['sent', 'late', 'doubled', 'absent'];

type Patch = Pick<SimulatorSettings, 'tones'> | Pick<SimulatorSettings, 'events' | 'eventDelayMs'>;

/** Milliseconds of tone that get through when the carrier clips it: the worst of what is seen. */
const CLIPPED_AFTER_MS = 60;
const USUAL_DELAY_MS = 60;
const LATE_BY_MS = 1500;

export function tonesPatch(tones: Tones): Patch {
  return { tones: tones === 'clipped' ? { clippedAfterMs: CLIPPED_AFTER_MS } : tones };
}

export function eventsPatch(events: Events): Patch {
  return {
    events: events === 'late' ? 'sent' : events,
    eventDelayMs: events === 'late' ? LATE_BY_MS : USUAL_DELAY_MS,
  };
}

/** What the settings amount to, in the words of the switches. */
export function switchesOf(settings: SimulatorSettings): { tones: Tones; events: Events } {
  const { tones, events, eventDelayMs } = settings;
  return {
    tones: typeof tones === 'object' ? 'clipped' : tones,
    events: events === 'sent' && eventDelayMs > USUAL_DELAY_MS ? 'late' : events,
  };
}

export async function readSwitches(): Promise<{ tones: Tones; events: Events }> {
  return switchesOf((await (await fetch('simulator/settings')).json()) as SimulatorSettings);
}

export async function patchSwitches(patch: Patch): Promise<void> {
  await fetch('simulator/settings', {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(patch),
  });
}
