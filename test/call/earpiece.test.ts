import { describe, expect, it } from '@jest/globals';
import { Earpiece, SILENCE_MOST, TOLD_EVERY } from '../../src/call/earpiece.js';
import { Ear } from './ear.js';

const FRAME = 160;
const AUDIO = new Uint8Array(FRAME).fill(0x55);
const SILENCE = new Uint8Array(FRAME).fill(0xff);
/** Two frames and a half. */
const TOLD = Uint8Array.from({ length: 400 }, (_, n) => n % 100);
const ALARM = Uint8Array.from({ length: 320 }, (_, n) => 100 + (n % 100));

function listening(): {
  earpiece: Earpiece;
  ear: Ear;
  silences: () => number;
  cut: (samples: number) => void;
} {
  let silences = 0;
  const earpiece = new Earpiece(TOLD, () => silences++);
  const ear = new Ear();
  earpiece.connect(ear);
  const cut = (samples: number): void => {
    for (let n = 0; n < samples; n += FRAME) earpiece.hear(SILENCE, true);
  };
  return { earpiece, ear, silences: () => silences, cut };
}

describe('an earpiece', () => {
  it('passes audio on as it comes, one in one out', () => {
    const { earpiece, ear } = listening();
    earpiece.hear(AUDIO, false);
    earpiece.pace(FRAME);
    expect(ear.heard()).toEqual(Buffer.from(AUDIO));
  });

  it('plays a prompt in place of it, a frame for each of the party’s own', () => {
    const { earpiece, ear } = listening();
    earpiece.say(ALARM);
    earpiece.hear(AUDIO, false);
    expect(ear.heard()).toHaveLength(0);
    for (const length of [FRAME, 40, 120]) {
      earpiece.pace(length);
      expect(ear.heard()).toHaveLength(length);
    }
    earpiece.hear(AUDIO, false);
    expect(ear.heard()).toEqual(Buffer.from(AUDIO));
  });

  it('says all of it, and silence up to the end of the last frame', () => {
    const { earpiece, ear } = listening();
    earpiece.say(TOLD);
    earpiece.pace(5 * FRAME);
    expect(ear.heard()).toEqual(Buffer.concat([TOLD, SILENCE.subarray(0, 80)]));
  });

  it('says what the line did not take again', () => {
    const { earpiece, ear } = listening();
    earpiece.say(ALARM);
    earpiece.pace(FRAME);
    ear.takes = false;
    for (let n = 0; n < 10; n++) earpiece.pace(FRAME);
    ear.takes = true;
    earpiece.pace(FRAME);
    expect(ear.heard()).toEqual(Buffer.from(ALARM));
  });

  it('lets a newer prompt take the place of an older one', () => {
    const { earpiece, ear } = listening();
    earpiece.say(TOLD);
    earpiece.pace(FRAME);
    earpiece.say(ALARM);
    earpiece.pace(3 * FRAME);
    expect(ear.heard()).toEqual(Buffer.concat([TOLD.subarray(0, FRAME), ALARM]));
  });

  it('announces a silence of 2 s, not one that is shorter', () => {
    const { silences, cut } = listening();
    cut(SILENCE_MOST - FRAME);
    expect(silences()).toBe(0);
    cut(FRAME);
    expect(silences()).toBe(1);
  });

  it('takes cuts with less than half a second between for one silence', () => {
    const { earpiece, silences, cut } = listening();
    for (let n = 0; n < 10; n++) {
      cut(FRAME);
      for (let sound = 0; sound < 3840; sound += FRAME) earpiece.hear(AUDIO, false);
    }
    expect(silences()).toBe(1);
  });

  it('takes cuts with half a second between for silences of their own', () => {
    const { earpiece, silences, cut } = listening();
    for (let n = 0; n < 10; n++) {
      cut(SILENCE_MOST / 2);
      for (let sound = 0; sound < 4000; sound += FRAME) earpiece.hear(AUDIO, false);
    }
    expect(silences()).toBe(0);
  });

  it('announces a silence that goes on every 10 s', () => {
    const { silences, cut } = listening();
    cut(SILENCE_MOST + TOLD_EVERY - FRAME);
    expect(silences()).toBe(1);
    cut(FRAME);
    expect(silences()).toBe(2);
  });

  it('says nothing of a silence that another prompt has announced, for 10 s', () => {
    const { earpiece, silences, cut } = listening();
    earpiece.say(ALARM);
    cut(TOLD_EVERY - FRAME);
    expect(silences()).toBe(0);
    cut(FRAME);
    expect(silences()).toBe(1);
  });

  it('announces audio that the line did not take for 2 s, once it takes some', () => {
    const { earpiece, ear, silences } = listening();
    ear.takes = false;
    for (let n = 0; n < SILENCE_MOST; n += FRAME) earpiece.hear(AUDIO, false);
    expect(silences()).toBe(1);
    ear.takes = true;
    earpiece.pace(3 * FRAME);
    expect(ear.heard().subarray(0, TOLD.length)).toEqual(Buffer.from(TOLD));
  });

  it('counts nothing while nobody is connected', () => {
    const { earpiece, ear, silences, cut } = listening();
    earpiece.say(TOLD);
    earpiece.disconnect();
    cut(2 * SILENCE_MOST);
    earpiece.pace(FRAME);
    expect(ear.heard()).toHaveLength(0);
    expect(silences()).toBe(0);
  });
});
