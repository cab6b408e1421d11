import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { DtmfReceiver } from '../dsp/dtmf-receiver.js';
import { AppError } from '../errors.js';
import { KeyRuns } from '../recording/key-runs.js';
import { SoundDecoder } from '../recording/sound-decoder.js';
import { RAW_FORMATS } from '../recording/sound-format.js';
import { Sound } from '../recording/sound.js';
import type { Span } from '../recording/span.js';
import { confidenceOf, type Confidence } from './confidence.js';

/** Names of sound files that need a WAV header, or can't be read: to pass them over would look as if they had been. */
const SOUND_ENDINGS: ReadonlySet<string> = new Set(
  (
    'wav wave rf64 aac aif aiff amr au caf flac g722 g729 gsm m4a mka mp3 mp4 oga ogg opus ra raw pcm siren7 siren14 ' +
    'spx voc vox w64 wav49 webm wma'
  ).split(' '),
);
const PIECE_BYTES = 1 << 18;

/** A run of keys in a recording. */
export interface Finding extends Span {
  /** From 1. */
  readonly channel: number;
  readonly digits: number;
  readonly confidence: Confidence;
}

/** A recording that was listened to from end to end. */
export interface ScannedRecording {
  readonly sound: Sound;
  readonly findings: readonly Finding[];
  /** Its size and time when it was read: a copy is made of the very same, or not at all. */
  readonly version: string;
}

/**
 * Looks for runs of keys in every channel. Null: the file is no recording. `ending` of the name tells raw audio;
 * `heard` is told how many samples (8 kHz) of a channel are done, now and then. Throws AppError for a recording that
 * can't be read, and what the file system throws.
 */
export async function scanRecording(
  path: string,
  ending: string,
  heard: (samples: number) => void,
): Promise<ScannedRecording | null> {
  const version = await versionOf(path);
  return await withBytes(path, async (bytes) => {
    const sound = await Sound.open(bytes, RAW_FORMATS.get(ending) ?? null);
    if (sound === null) {
      if (!SOUND_ENDINGS.has(ending)) return null;
      throw new AppError(
        'unsupported_media_type',
        version.startsWith('0 ') ? 'is empty' : 'has no WAV header: convert it to WAV first',
      );
    }
    const findings = await listen(sound, heard);
    if (sound.empty) throw new AppError('unsupported_media_type', 'is empty');
    return { sound, findings, version };
  });
}

async function listen(sound: Sound, heard: (samples: number) => void): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const channels = Array.from({ length: sound.format.channels }, (_, n) => {
    const runs = new KeyRuns({
      run: (run, digits, groups) =>
        findings.push({ channel: n + 1, confidence: confidenceOf(digits, groups), ...run }),
    });
    return { runs, receiver: new DtmfReceiver({ up: (cell, press) => runs.add(cell, press) }) };
  });
  await decode(sound, (mulaw) => {
    for (const [n, { receiver }] of channels.entries()) receiver.process(mulaw[n] ?? new Uint8Array(0));
    heard(mulaw[0]?.length ?? 0);
  });
  for (const { receiver, runs } of channels) {
    receiver.end();
    runs.end();
  }
  return findings.toSorted((one, other) => one.start - other.start || one.channel - other.channel);
}

/** Gives 8 kHz µ-law, an array a channel, piece by piece. */
export async function decode(sound: Sound, take: (mulaw: readonly Uint8Array[]) => void): Promise<void> {
  const decoder = new SoundDecoder(sound.format);
  for await (const data of sound.data()) take(decoder.process(data));
  take(decoder.end());
}

/** Opens a file for `read`, and closes it whatever that does. */
export async function withBytes<T>(
  path: string,
  read: (bytes: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const bytes = createReadStream(path, { highWaterMark: PIECE_BYTES });
  try {
    return await read(bytes);
  } finally {
    bytes.destroy();
  }
}

export async function versionOf(path: string): Promise<string> {
  const { size, mtimeMs, ino } = await stat(path);
  return `${size} ${mtimeMs} ${ino}`;
}
