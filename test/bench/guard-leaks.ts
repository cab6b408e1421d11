import type { GuardOptions } from '../../src/dsp/guard.js';
import { guarded } from '../support/guarded.js';
import { leaked, passedThrough } from '../support/leak.js';
import { Random } from '../support/random.js';
import { ms } from '../support/tones.js';
import { counted, type Effort } from './effort.js';
import type { KeySet } from './guard-sets.js';
import { keysOver, type LineOfKeys } from './keys-over.js';

export type HoldMs = GuardOptions['holdMs'];
export type Field = 'closed' | 'open';
export const HOLDS: readonly HoldMs[] = [15, 20, 40];
export const FIELDS: readonly Field[] = ['closed', 'open'];

/** Of how many keys any sample came out. */
export interface Leaks {
  readonly name: string;
  readonly all: number;
  leaky(holdMs: HoldMs, field: Field): number;
}

/** Runs one set through the guard with every hold-back, field closed and open. */
export function leaksOf(set: KeySet, effort: Effort, seed: number): Leaks {
  const each = Math.ceil(counted(set.count, effort) / set.rests.length);
  const leaky = new Map<string, number>();
  for (const [n, rest] of set.rests.entries()) {
    const line = keysOver(set.condition, rest, each, new Random(seed * 1000 + n));
    for (const holdMs of HOLDS) {
      for (const field of FIELDS) {
        const name = `${holdMs} ${field}`;
        leaky.set(name, (leaky.get(name) ?? 0) + leakyKeys(line, field, holdMs));
      }
    }
  }
  return {
    name: set.name,
    all: each * set.rests.length,
    leaky: (holdMs, field) => leaky.get(`${holdMs} ${field}`) ?? 0,
  };
}

export function leakyKeys({ mulaw, keys }: LineOfKeys, field: Field, holdMs: HoldMs): number {
  const hold = ms(holdMs);
  const passed = passedThrough(mulaw, guarded(mulaw, field === 'open', holdMs), hold);
  return keys.filter((key) => leaked(passed, key, hold) > 0).length;
}
