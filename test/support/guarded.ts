import { Guard, type GuardOptions } from '../../src/dsp/guard.js';

/** What the agent hears of a line whose presses all beep. */
export function guarded(mulaw: Uint8Array, fieldOpen: boolean, holdMs: GuardOptions['holdMs']): Uint8Array {
  const guard: Guard = new Guard({ holdMs }, { press: () => guard.beep() });
  guard.fieldOpen = fieldOpen;
  const output = new Uint8Array(mulaw.length);
  guard.process(mulaw, output);
  return output;
}
