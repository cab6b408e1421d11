import { describe, it, expect } from '@jest/globals';
import { KeyRuns, type KeyRun } from '../../src/recording/key-runs.js';
import { KeyCell } from '../../src/secret.js';

type Found = KeyRun & { keyed: string; groups: readonly number[] };

const TONE = 800;
const REST = 1600;

/** The runs in what was keyed: a key every 0.3 s; `.` is a second of rest. */
function runsIn(script: string): Found[] {
  const found: Found[] = [];
  const runs = new KeyRuns({
    run: (run, digits, groups) => found.push({ ...run, keyed: digits.join(''), groups: [...groups] }),
  });
  const cell = new KeyCell();
  let start = 8000;
  for (const name of script) {
    if (name === '.') {
      start += 8000;
      continue;
    }
    cell.key = '0123456789*#ABCD'.indexOf(name);
    runs.add(cell, { start, length: TONE, level: -10 });
    start += TONE + REST;
  }
  runs.end();
  return found;
}

const keyed = (script: string): (string | number)[][] =>
  runsIn(script).map(({ keyed, digits, groups }) => [keyed, digits, ...groups]);

describe('a run of keys', () => {
  it('has 12 digits or more, from the first to the end of the last', () => {
    expect(runsIn('12345678901')).toEqual([]);
    expect(runsIn('123456789012')).toEqual([
      { start: 8000, end: 8000 + 11 * 2400 + 800, digits: 12, keyed: '123456789012', groups: [0] },
    ]);
  });

  it('goes on over a pause of up to 10 s', () => {
    // A rest of 0.2 s stands after each key.
    expect(keyed('123456.........789012')).toEqual([['123456789012', 12, 0, 6]]);
    expect(keyed('123456..........789012')).toEqual([]);
    expect(keyed('123456789012..........123456789013')).toEqual([
      ['123456789012', 12, 0],
      ['123456789013', 12, 0],
    ]);
  });

  it('comes in groups, cut by pauses of 2 s and by keys that are no digits', () => {
    expect(keyed('4242.4242.4242.4242')).toEqual([['4242424242424242', 16, 0]]);
    expect(keyed('4242424242424242#1234#123#')).toEqual([['42424242424242421234123', 23, 0, 16, 20]]);
    expect(keyed('1..4242424242424242**1234A5')).toEqual([['1424242424242424212345', 22, 0, 1, 17, 21]]);
  });

  it('begins with a digit and ends with any key', () => {
    const [run] = runsIn('*#123456789012#');
    expect([run?.start, run?.end]).toEqual([8000 + 2 * 2400, 8000 + 14 * 2400 + 800]);
  });

  it('is kept to 128 digits, and counted beyond', () => {
    const [run] = runsIn('1234567890'.repeat(20));
    expect([run?.digits, run?.keyed.length, run?.end]).toEqual([200, 128, 8000 + 199 * 2400 + 800]);
  });

  it('leaves nothing behind', () => {
    let digits = new Uint8Array();
    const runs = new KeyRuns({ run: (_, bytes) => (digits = bytes as typeof digits) });
    const cell = new KeyCell();
    for (let n = 0; n < 12; n++) {
      cell.key = 7;
      runs.add(cell, { start: n * 2400, length: TONE, level: -10 });
    }
    runs.end();
    expect([...digits]).toEqual(Array(12).fill(0));
  });
});
