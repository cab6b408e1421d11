import { createReadStream } from 'node:fs';
import path from 'node:path';
import { LANGUAGES, type Language } from '../capture/flow.js';
import { AppError, codeOf, type MemberError } from '../errors.js';
import { SAMPLE_RATE } from '../dsp/mulaw.js';
import { REFUSAL_NAMES } from '../psp/decline-code.js';
import { ByteReader } from '../recording/byte-reader.js';
import { isWav, readWavHeader } from '../recording/wav-header.js';

/**
 * What parties hear while they are connected, where the carrier's own voice can't speak. The words stand in
 * `texts.yaml` beside the sounds.
 */
export const PROMPT_NAMES = [
  'guard_alarm',
  'sound_interrupted',
  'please_wait',
  'card_verified',
  'charge_approved',
  'charge_in_doubt',
  'key_number_again',
  'key_date_again',
  'key_code_again',
  'choose_visa',
  'choose_mastercard',
  'link_sent',
  ...REFUSAL_NAMES.map((name) => `declined_${name}` as const),
] as const;
export type PromptName = (typeof PROMPT_NAMES)[number];

/** Sounds by name: µ-law, 8,000 bytes a second. */
export type Prompts = Readonly<Record<PromptName, Uint8Array>>;

/** Longer than anybody listens. */
export const MAX_PROMPT_SECONDS = 30;

/**
 * Reads `<language>/<name>.wav` for every language and prompt. Rejects with AppError `config_invalid`: one line, and
 * one member of `errors`, for each file that is missing or in another format.
 */
export async function loadPrompts(folder: string): Promise<Readonly<Record<Language, Prompts>>> {
  const faults: MemberError[] = [];
  const read = async (language: Language, name: PromptName): Promise<Uint8Array> => {
    const file = path.join(folder, language, `${name}.wav`);
    return readSound(file).catch((error: unknown) => {
      faults.push({ path: file, message: faultOf(error) });
      return new Uint8Array(0);
    });
  };
  const prompts = await byKey(LANGUAGES, (language) => byKey(PROMPT_NAMES, (name) => read(language, name)));
  if (faults.length === 0) return prompts;
  const lines = faults.map(({ path, message }) => `${path}: ${message}`);
  throw new AppError('config_invalid', lines.join('\n'), { errors: faults });
}

/** One after the other, so that faults come in the order of the names. */
async function byKey<Key extends string, Value>(
  keys: readonly Key[],
  make: (key: Key) => Promise<Value>,
): Promise<Record<Key, Value>> {
  const entries: [Key, Value][] = [];
  for (const key of keys) entries.push([key, await make(key)]);
  return Object.fromEntries(entries) as Record<Key, Value>;
}

async function readSound(file: string): Promise<Uint8Array> {
  const stream = createReadStream(file);
  try {
    const reader = new ByteReader(stream);
    if (!isWav(await reader.peek(12))) throw new RangeError('is no WAV file');
    const { format, dataLength } = await readWavHeader(reader);
    const { encoding, channels, rate } = format;
    if (encoding !== 'mulaw' || channels !== 1 || rate !== SAMPLE_RATE) throw new RangeError(NEEDED);
    const most = MAX_PROMPT_SECONDS * SAMPLE_RATE;
    const sound = await reader.take(Math.min(dataLength ?? Infinity, most + 1));
    if (sound.length === 0) throw new RangeError('holds no sound');
    if (sound.length > most) throw new RangeError(`is longer than ${MAX_PROMPT_SECONDS} s`);
    return Uint8Array.from(sound);
  } finally {
    stream.destroy();
  }
}

const NEEDED = 'is not 8 kHz µ-law with one channel: sox IN.wav -r 8000 -c 1 -e u-law OUT.wav makes it so';

function faultOf(error: unknown): string {
  if (error instanceof RangeError || error instanceof AppError) return error.message;
  const code = codeOf(error);
  return code === 'ENOENT' ? 'is missing' : `can't be read (${code})`;
}
