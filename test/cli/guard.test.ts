import { describe, it, expect } from '@jest/globals';
import { guard } from '../../src/cli/guard.js';
import { Guard } from '../../src/dsp/guard.js';
import { runCommand } from '../support/command-io.js';
import { Random } from '../support/random.js';
import { lineOfKeys } from '../support/tones.js';

const { mulaw } = lineOfKeys({ duration: [40, 100], level: [-25, -3], twist: [-8, 4] }, 5, new Random(41));

function expected(fieldOpen: boolean, holdMs: 15 | 20 | 40): Buffer {
  const line: Guard = new Guard({ holdMs }, { press: () => line.beep() });
  line.fieldOpen = fieldOpen;
  const output = Buffer.alloc(mulaw.length);
  line.process(mulaw, output);
  return output;
}

describe('tonewall guard', () => {
  it('writes what an agent would hear, as long as the input, however it is cut', async () => {
    for (const piece of [1, 333, 65_536]) {
      const { code, output } = await runCommand(guard, [], mulaw, { piece });
      expect([code, output.equals(expected(false, 20))]).toEqual([0, true]);
    }
  });

  it('takes the thresholds of an open field, and the hold-back of the setting', async () => {
    const { output } = await runCommand(guard, ['--capture'], mulaw, { env: { GUARD_HOLD_MS: '40' } });
    expect(output.equals(expected(true, 40))).toBe(true);
  });

  it('writes nothing for nothing', async () => {
    expect(await runCommand(guard, [], new Uint8Array(0))).toEqual({ code: 0, output: Buffer.alloc(0) });
  });

  it('says what it takes', async () => {
    await expect(runCommand(guard, ['call.wav'], mulaw)).rejects.toThrow('takes no word but --capture');
    await expect(runCommand(guard, [], mulaw, { env: { GUARD_HOLD_MS: '25' } })).rejects.toThrow(
      'GUARD_HOLD_MS is 15, 20 or 40',
    );
  });
});
