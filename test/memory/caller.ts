import type { Program } from '../support/program.js';
import { until } from '../support/service.js';
import { callByHand } from './raw-caller.js';

/** A caller's telephone, whoever plays it. */
export interface Phone {
  readonly sid: string;
  press(keys: string): Promise<void>;
  hangUp(): void;
}

/** How long a key is held, and how long none is. */
export const PRESS = { onMs: 50, offMs: 50 };
/** Anything takes no longer, on a machine that is busy. */
export const PATIENCE_MS = 60_000;

/** So many are callers of the simulated carrier, whose lines carry sound all the time; the others are played by hand. */
const ON_THE_CARRIER = 8;
/** What a line of the simulated carrier carries of a key. */
const LINES = [{ events: 'absent' }, { tones: 'removed' }] as const;

/** One of many on the line with an agent: every other line carries tones alone, the others events alone. */
export async function placeCall(program: Program, index: number): Promise<Phone> {
  const number = `+3363998${1000 + index}`;
  if (index < ON_THE_CARRIER) {
    const { caller } = await program.talk(number, { ...LINES[index % 2], lossPercent: 0 });
    return {
      sid: caller.sid,
      press: (keys) => caller.press(keys, PRESS),
      hangUp: () => caller.hangUp(),
    };
  }
  const raw = await callByHand(program, number);
  await becomesLive(program, raw.sid);
  return {
    sid: raw.sid,
    press: async (keys) => (index % 2 === 0 ? raw.press(keys) : raw.key(keys)),
    hangUp: () => raw.hangUp(),
  };
}

export async function becomesLive(program: Program, sid: string): Promise<void> {
  await until(async () => {
    const { body } = await program.api('GET', `/v1/calls/${sid}`);
    return body['status'] === 'live';
  }, PATIENCE_MS);
}
