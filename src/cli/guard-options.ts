import { BEEP_LEVEL } from '../dsp/beeper.js';
import { NOISE_LEVEL } from '../dsp/comfort-noise.js';
import type { GuardOptions } from '../dsp/guard.js';
import { AppError } from '../errors.js';
import type { CommandIo } from './command.js';

const HOLDS = { '15': 15, '20': 20, '40': 40 } as const;

/** The guard's settings. AppError `config_invalid` for one that is out of bounds. */
export function guardOptions(env: CommandIo['env']): Required<GuardOptions> {
  return {
    holdMs: hold(env['GUARD_HOLD_MS'] || '20'),
    beepLevel: level('BEEP_LEVEL_DBM0', env['BEEP_LEVEL_DBM0'], BEEP_LEVEL),
    comfortNoiseLevel: level('COMFORT_NOISE_DBM0', env['COMFORT_NOISE_DBM0'], NOISE_LEVEL),
  };
}

function hold(setting: string): GuardOptions['holdMs'] {
  const hold = HOLDS[setting as keyof typeof HOLDS];
  if (hold === undefined) {
    throw new AppError('config_invalid', 'GUARD_HOLD_MS is 15, 20 or 40, as in GUARD_HOLD_MS=20');
  }
  return hold;
}

function level(
  name: string,
  setting: string | undefined,
  { usual, least, most }: { usual: number; least: number; most: number },
): number {
  if (setting === undefined || setting === '') return usual;
  const level = Number(setting);
  if (!/^-?\d+$/.test(setting) || level < least || level > most) {
    throw new AppError('config_invalid', `${name} is ${least} to ${most} dBm0, as in ${name}=${usual}`);
  }
  return level;
}
