import { MULAW_SILENCE } from '../../src/dsp/mulaw.js';

/** 40 ms. A telephone that gets audio late stutters, between any two frames. */
const PIECE = 320;

/** Where a prompt begins in what was heard, in samples; -1: nine tenths of it were not heard. */
export function findPrompt(heard: Buffer, sound: Uint8Array): number {
  const prompt = Buffer.from(sound);
  const pieces = Array.from({ length: Math.floor(prompt.length / PIECE) }, (_, n) => n * PIECE)
    .map((at) => ({ at, piece: prompt.subarray(at, at + PIECE) }))
    .filter(({ piece }) => piece.some((sample) => sample !== MULAW_SILENCE));
  const found = pieces.flatMap(({ at, piece }) => {
    const there = heard.indexOf(piece);
    return there < 0 ? [] : [there - at];
  });
  return found.length > 0.9 * pieces.length ? Math.max(0, found[0] ?? 0) : -1;
}
