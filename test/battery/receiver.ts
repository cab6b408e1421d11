import { DtmfReceiver } from '../../src/dsp/dtmf-receiver.js';

/** A press that a receiver reports, in samples and dBm0; null where it doesn't say. */
export interface Heard {
  readonly key: number;
  readonly start: number | null;
  readonly length: number | null;
  /** Of the stronger tone. */
  readonly level: number | null;
  /** Samples that the receiver had been given when it first told of the press. */
  readonly found: number | null;
}

/** Anything that finds presses in 8 kHz µ-law, in the order in which they were made. */
export type Receiver = (mulaw: Uint8Array) => Heard[];

/** 1 ms: how finely it is known when a press was found. */
const PIECE = 8;

/** The receiver of this project. */
export const tonewall: Receiver = (mulaw) => {
  const heard: Heard[] = [];
  let given = 0;
  let found = 0;
  const receiver = new DtmfReceiver({
    down: () => {
      found = given;
    },
    up: ({ key }, { start, length, level }) => heard.push({ key, start, length, level, found }),
  });
  while (given < mulaw.length) {
    const piece = mulaw.subarray(given, given + PIECE);
    given += piece.length;
    receiver.process(piece);
  }
  receiver.end();
  return heard;
};
