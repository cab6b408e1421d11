import { describe, expect, it } from '@jest/globals';
import { marked, piecesOf, through } from '../support/keyed-line.js';
import { IMPAIRMENTS } from '../support/line-impairments.js';
import { Random } from '../support/random.js';
import { lineOfKeys, type KeySet } from '../support/tones.js';

const KEYS: KeySet = { duration: [15, 120], level: [-25, -3], twist: [-8, 4] };
const SETS: readonly KeySet[] = [KEYS, { ...KEYS, rest: { kind: 'noise', under: 20 } }];

describe('a key on a bad line does not get through', () => {
  it.each(Object.keys(IMPAIRMENTS))('%s', (name) => {
    const random = new Random(40);
    const leaks = SETS.flatMap((set) => {
      const { mulaw, keys } = lineOfKeys(set, 25, random);
      const line = IMPAIRMENTS[name]?.(marked(mulaw, keys), random) ?? marked(mulaw, keys);
      const { passed } = through(line.mulaw, { holdMs: 20 });
      return piecesOf(line).filter((key) => passed(key) > 0);
    });
    expect(leaks).toEqual([]);
  });
});
