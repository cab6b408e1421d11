import { describe, expect, it } from '@jest/globals';
import { KeyTone } from '../../../src/carrier/simulated/key-tone.js';
import { MAX_WAITING_KEYS, Microphone } from '../../../src/carrier/simulated/microphone.js';
import {
  DEFAULT_SETTINGS,
  type SimulatorSettings,
} from '../../../src/carrier/simulated/simulator-settings.js';

const PRESS = { level: -10, twist: 0, detune: 0, onMs: 50, offMs: 50 };
const SILENCE = 0xff;

/** Runs `frames` beats; gives the audio and the keys of each beat. */
function run(microphone: Microphone, frames: number): { audio: Uint8Array; keys: string[][] } {
  const audio = new Uint8Array(frames * 160);
  const keys: string[][] = [];
  for (let i = 0; i < frames; i++) keys.push(microphone.next(audio.subarray(i * 160, (i + 1) * 160)));
  return { audio, keys };
}

function tone(key: string, samples: number): number[] {
  const generator = new KeyTone(key, PRESS);
  return Array.from({ length: samples }, () => generator.next());
}

function microphoneWith(settings: Partial<SimulatorSettings>): Microphone {
  return new Microphone({ ...DEFAULT_SETTINGS, eventDelayMs: 0, ...settings });
}

describe('a microphone', () => {
  it('replaces speech by the tone of a key, to the sample', () => {
    const microphone = microphoneWith({});
    microphone.speech.push(new Uint8Array(160 * 4).fill(0x30));
    void microphone.press('5', PRESS);

    const { audio } = run(microphone, 5);

    expect([...audio.subarray(0, 400)]).toEqual(tone('5', 400));
    expect([...audio.subarray(400, 640)]).toEqual(Array(240).fill(0x30));
    expect([...audio.subarray(640)]).toEqual(Array(160).fill(SILENCE));
  });

  it('keeps the pause between keys and resolves after the last', async () => {
    const microphone = microphoneWith({});
    const pressed = microphone.press('58', PRESS);

    const { audio } = run(microphone, 10);

    await pressed;
    expect([...audio.subarray(0, 400)]).toEqual(tone('5', 400));
    expect([...audio.subarray(400, 800)]).toEqual(Array(400).fill(SILENCE));
    expect([...audio.subarray(800, 1200)]).toEqual(tone('8', 400));
  });

  it('sends one message a press, in the frame of its delay', () => {
    const microphone = microphoneWith({ eventDelayMs: 30 });
    void microphone.press('58', PRESS);

    expect(run(microphone, 8).keys).toEqual([[], ['5'], [], [], [], [], ['8'], []]);
  });

  it('lets a message come before its tone', () => {
    const microphone = microphoneWith({ eventDelayMs: -40 });
    void microphone.press('5', PRESS);

    const { audio, keys } = run(microphone, 5);

    expect(keys).toEqual([['5'], [], [], [], []]);
    expect([...audio.subarray(0, 320)]).toEqual(Array(320).fill(SILENCE));
    expect([...audio.subarray(320, 720)]).toEqual(tone('5', 400));
  });

  it('doubles messages, or leaves them out', () => {
    const doubled = microphoneWith({ events: 'doubled' });
    const absent = microphoneWith({ events: 'absent' });
    void doubled.press('5', PRESS);
    void absent.press('5', PRESS);

    expect(run(doubled, 1).keys).toEqual([['5', '5']]);
    expect(run(absent, 10).keys.flat()).toEqual([]);
  });

  it('takes the tone out of the audio: silence in its place', () => {
    const microphone = microphoneWith({ tones: 'removed' });
    microphone.speech.push(new Uint8Array(160 * 4).fill(0x30));
    void microphone.press('5', PRESS);

    const { audio } = run(microphone, 4);

    expect([...audio]).toEqual([...Array(400).fill(SILENCE), ...Array(240).fill(0x30)]);
  });

  it('lets the first milliseconds of a tone through where it clips', () => {
    const microphone = microphoneWith({ tones: { clippedAfterMs: 20 } });
    void microphone.press('5', PRESS);

    const { audio } = run(microphone, 3);

    expect([...audio]).toEqual([...tone('5', 160), ...Array(320).fill(SILENCE)]);
  });

  it('sounds for as long as a key is held', () => {
    const microphone = microphoneWith({});
    microphone.keyDown('1');
    const held = run(microphone, 10).audio;
    microphone.keyUp();
    const after = run(microphone, 1).audio;

    expect(silent(held)).toBe(0);
    expect(silent(after)).toBe(160);
  });

  it('makes at least 60 ms of tone and of pause from the fastest clicks', () => {
    const microphone = microphoneWith({});
    for (const key of '11') {
      microphone.keyDown(key);
      microphone.keyUp();
    }

    const { audio, keys } = run(microphone, 13);

    expect(silent(audio.subarray(0, 480))).toBe(0);
    expect(silent(audio.subarray(480, 960))).toBe(480);
    expect(silent(audio.subarray(960, 1440))).toBe(0);
    expect(silent(audio.subarray(1440))).toBe(640);
    expect(keys.flat()).toEqual(['1', '1']);
  });

  it('takes a new key as the end of one still held', () => {
    const microphone = microphoneWith({});
    microphone.keyDown('1');
    run(microphone, 5);
    microphone.keyDown('2');

    expect(run(microphone, 20).keys.flat()).toEqual(['2']);
  });

  it('lets go of everything that waits when the line is cut', async () => {
    const microphone = microphoneWith({});
    const pressed = microphone.press('12345', PRESS);
    run(microphone, 1);

    microphone.cut();

    await pressed;
    expect(silent(run(microphone, 20).audio)).toBe(20 * 160);
  });

  it('takes no more keys than may wait', () => {
    const microphone = microphoneWith({});
    for (let i = 0; i < MAX_WAITING_KEYS; i++) expect(microphone.keyDown('1')).toBe(true);

    expect(microphone.keyDown('1')).toBe(false);
  });

  it('knows the sixteen keys and no other', () => {
    const microphone = microphoneWith({});

    for (const key of '0123456789*#ABCD') expect(microphone.keyDown(key)).toBe(true);
    for (const key of ['', 'E', '12', ' ']) expect(() => microphone.keyDown(key)).toThrow(RangeError);
  });
});

function silent(audio: Uint8Array): number {
  let count = 0;
  // A tone's own zero crossings look alike, but never for three samples.
  for (let i = 0; i < audio.length; i++) {
    const near = audio.subarray(Math.max(i - 2, 0), i + 3);
    if (
      near.every((byte) => byte === SILENCE) ||
      (audio[i] === SILENCE && near.filter((b) => b === SILENCE).length > 2)
    )
      count++;
  }
  return count;
}
