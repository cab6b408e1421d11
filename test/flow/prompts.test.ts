import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { LANGUAGES } from '../../src/capture/flow.js';
import { declineOf, IN_DOUBT } from '../../src/charge/refusals.js';
import { MULAW_DECODE, dbm0Of, SAMPLE_RATE } from '../../src/dsp/mulaw.js';
import { loadPrompts, MAX_PROMPT_SECONDS, PROMPT_NAMES } from '../../src/flow/prompts.js';
import { REFUSAL_NAMES } from '../../src/psp/decline-code.js';
import { wavFile } from '../../src/recording/wav.js';

const SHIPPED = path.join(import.meta.dirname, '../../ivr-flows/prompts');

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'prompts-'));
  await cp(SHIPPED, folder, { recursive: true });
});
afterEach(async () => rm(folder, { recursive: true }));

/** What is wrong, a line each, without the folder. */
async function faults(): Promise<string[]> {
  try {
    await loadPrompts(folder);
    return [];
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    expect(code).toBe('config_invalid');
    return message.replaceAll(`${folder}/`, '').split('\n');
  }
}

/** Mean level of the frames that are less than 30 dB under the loudest. */
function activeLevel(mulaw: Uint8Array): number {
  const powers = Array.from({ length: Math.floor(mulaw.length / 160) }, (_, n) =>
    mulaw
      .subarray(n * 160, (n + 1) * 160)
      .reduce((sum, byte) => sum + (MULAW_DECODE[byte] ?? 0) ** 2 / 160, 0),
  );
  const active = powers.filter((power) => power > Math.max(...powers) / 1000);
  return dbm0Of(Math.sqrt((2 * active.reduce((sum, power) => sum + power, 0)) / active.length));
}

describe('the prompts that ship', () => {
  it('are short, and as loud as somebody who speaks', async () => {
    const { en, fr } = await loadPrompts(SHIPPED);
    for (const sound of [...Object.values(en), ...Object.values(fr)]) {
      expect(sound.length / SAMPLE_RATE).toBeGreaterThan(2);
      expect(sound.length / SAMPLE_RATE).toBeLessThan(9);
      expect(Math.abs(activeLevel(sound) + 16)).toBeLessThan(1);
    }
  });

  it('have their words beside them, in every language', async () => {
    for (const language of ['en', 'fr']) {
      const texts = parse(await readFile(path.join(SHIPPED, language, 'texts.yaml'), 'utf8')) as object;
      expect(Object.keys(texts).toSorted()).toEqual([...PROMPT_NAMES].toSorted());
    }
  });
});

describe('the words of refusals', () => {
  it.each(LANGUAGES)('are those that the agent reads: %s', async (language) => {
    const file = path.join(SHIPPED, language, 'texts.yaml');
    const texts = parse(await readFile(file, 'utf8')) as Record<string, string>;
    const declines = REFUSAL_NAMES.map((name) => [`declined_${name}`, declineOf(name, language).for_caller]);
    const doubt = ['charge_in_doubt', IN_DOUBT[language].forCaller];
    expect(texts).toMatchObject(Object.fromEntries([...declines, doubt]) as object);
  });
});

describe('prompts', () => {
  it('are the samples of their files', async () => {
    const mulaw = Uint8Array.from({ length: 1001 }, (_, n) => n % 256);
    await writeFile(path.join(folder, 'fr/guard_alarm.wav'), wavFile(mulaw));
    expect((await loadPrompts(folder)).fr.guard_alarm).toEqual(mulaw);
  });

  it('that are missing, or in another format, are all told of at once', async () => {
    await rm(path.join(folder, 'en/guard_alarm.wav'));
    await writeFile(path.join(folder, 'en/sound_interrupted.wav'), 'no sound at all');
    const linear = wavFile(new Uint8Array(100));
    linear.writeUInt16LE(6, 20);
    await writeFile(path.join(folder, 'fr/guard_alarm.wav'), linear);
    const long = wavFile(new Uint8Array(MAX_PROMPT_SECONDS * SAMPLE_RATE + 1));
    await writeFile(path.join(folder, 'fr/sound_interrupted.wav'), long);
    expect(await faults()).toEqual([
      'en/guard_alarm.wav: is missing',
      'en/sound_interrupted.wav: is no WAV file',
      'fr/guard_alarm.wav: is not 8 kHz µ-law with one channel: sox IN.wav -r 8000 -c 1 -e u-law OUT.wav makes it so',
      'fr/sound_interrupted.wav: is longer than 30 s',
    ]);
  });

  it('may not be empty', async () => {
    await writeFile(path.join(folder, 'fr/guard_alarm.wav'), wavFile(new Uint8Array(0)));
    expect(await faults()).toEqual(['fr/guard_alarm.wav: holds no sound']);
  });
});
