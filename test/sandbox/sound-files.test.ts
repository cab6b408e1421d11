import { describe, it, expect } from '@jest/globals';
import { PNG } from 'pngjs';
import { LONGEST_SECONDS, spectrogramPng } from '../../src/sandbox/spectrogram.js';
import { wavFile } from '../../src/recording/wav.js';
import { addSine, toMulaw } from '../../src/dsp/tone.js';

describe('a sound file', () => {
  it('is a µ-law WAV of one channel at 8 kHz', () => {
    const file = wavFile(Uint8Array.of(1, 2, 3));
    expect([file.toString('latin1', 0, 4), file.toString('latin1', 8, 16)]).toEqual(['RIFF', 'WAVEfmt ']);
    expect([file.readUInt16LE(20), file.readUInt16LE(22), file.readUInt32LE(24)]).toEqual([7, 1, 8000]);
    expect([file.readUInt32LE(4), file.readUInt32LE(46), file.readUInt32LE(54)]).toEqual([
      file.length - 8,
      3,
      3,
    ]);
    expect([...file.subarray(58)]).toEqual([1, 2, 3, 0]);
  });
});

describe('a spectrogram', () => {
  const sine = new Float64Array(4000);
  addSine(sine, { hz: 2000, level: -10 });
  const { width, height, data } = PNG.sync.read(
    spectrogramPng([
      { title: 'What the caller sent', mulaw: toMulaw(sine) },
      { title: 'What the agent heard', mulaw: new Uint8Array(4000).fill(0xff) },
    ]),
  );
  const brightest = (from: number, to: number): number => {
    let best = from;
    for (let y = from; y < to; y++) if (brightness(y) > brightness(best)) best = y;
    return best;
  };
  const brightness = (y: number): number => {
    const at = (y * width + 98) * 4;
    return (data[at] ?? 0) + (data[at + 1] ?? 0) + (data[at + 2] ?? 0);
  };

  it('shows a tone as a line at its frequency', () => {
    const top = 46;
    expect(Math.abs(brightest(top, top + 256) - (top + 127))).toBeLessThanOrEqual(1);
    expect(brightness(top + 127)).toBeGreaterThan(500);
  });

  it('shows silence as dark', () => {
    const top = height / 2 + 46;
    expect(brightness(brightest(top, top + 256))).toBeLessThan(100);
  });

  it('cuts off what is too long to look at', () => {
    const silence = new Uint8Array((LONGEST_SECONDS + 60) * 8000).fill(0xff);
    expect(PNG.sync.read(spectrogramPng([{ title: '', mulaw: silence }])).width).toBeLessThan(2100);
  });
});
