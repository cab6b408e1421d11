import { describe, it, expect } from '@jest/globals';
import { KEY_ASCII, keyAt, keyHz } from '../../src/dsp/keypad.js';

describe('the keypad', () => {
  it('has its keys where a telephone has them', () => {
    const rows = [0, 1, 2, 3].map((row) =>
      String.fromCharCode(...[0, 1, 2, 3].map((column) => KEY_ASCII[keyAt(row, column)] ?? 0)),
    );
    expect(rows).toEqual(['123A', '456B', '789C', '*0#D']);
  });

  it('gives each key its two tones', () => {
    expect([keyHz(1), keyHz(0), keyHz(11), keyHz(13)]).toEqual([
      [697, 1209],
      [941, 1336],
      [941, 1477],
      [770, 1633],
    ]);
  });
});
