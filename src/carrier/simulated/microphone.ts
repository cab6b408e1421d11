import { MULAW_SILENCE } from '../../dsp/mulaw.js';
import { KeyTone, TELEPHONE_TONE, type ToneShape } from './key-tone.js';
import { Playback } from './playback.js';
import type { SimulatorSettings } from './simulator-settings.js';

export interface PressShape extends ToneShape {
  onMs: number;
  /** Pause after it, before the next key. */
  offMs: number;
}

/** An unhurried thumb. */
export const DEFAULT_PRESS: PressShape = { ...TELEPHONE_TONE, onMs: 100, offMs: 100 };

const SAMPLES_PER_MS = 8;
/** A held key sounds this long at least, however short the click, and so do the pauses: clicks never merge. */
const MIN_HELD_SAMPLES = 60 * SAMPLES_PER_MS;
/** Keys that may wait to be sent. */
export const MAX_WAITING_KEYS = 200;

interface Press {
  key: string;
  tone: KeyTone;
  /** Samples of tone; null while the key is held. */
  on: number | null;
  off: number;
  /** Samples since the press began, the wait before an early message's tone left out. */
  elapsed: number;
  done: () => void;
}

type AudioSettings = Pick<SimulatorSettings, 'tones' | 'events' | 'eventDelayMs'>;

/**
 * What a party says into the line, frame by frame: its speech, replaced by the tone of a key while one sounds, as the
 * carrier's switches let it through; and the keys that the carrier tells of in `dtmf` messages.
 */
export class Microphone {
  readonly speech = new Playback();
  readonly #settings: AudioSettings;
  readonly #presses: Press[] = [];
  /** Samples to wait before the tone of the first press: its message goes first. */
  #lead = 0;
  #begun = false;
  #now = 0;
  #messages: { key: string; at: number }[] = [];

  constructor(settings: AudioSettings) {
    this.#settings = settings;
  }

  /** Presses `key` until `keyUp`. False when too many keys wait. */
  keyDown(key: string): boolean {
    return this.#push(key, null, MIN_HELD_SAMPLES, TELEPHONE_TONE, () => {});
  }

  /** Lets go of the key that was pressed last. */
  keyUp(): void {
    const last = this.#presses.at(-1);
    if (last?.on === null) last.on = Math.max(last.elapsed, MIN_HELD_SAMPLES);
  }

  /** Presses one key after the other. Resolves when the last pause is over, or when the line is cut. */
  async press(keys: string, shape: PressShape = DEFAULT_PRESS): Promise<void> {
    const presses = Array.from(
      keys,
      (key) =>
        new Promise<void>((done) => {
          if (!this.#push(key, shape.onMs * SAMPLES_PER_MS, shape.offMs * SAMPLES_PER_MS, shape, done))
            done();
        }),
    );
    await Promise.all(presses);
  }

  /** The line is cut: what waits is dropped. */
  cut(): void {
    this.speech.clear();
    for (const press of this.#presses.splice(0)) press.done();
    this.#messages = [];
  }

  /** Fills `frame`; returns the keys that `dtmf` messages are due for by its end. */
  next(frame: Uint8Array): string[] {
    this.speech.next(frame);
    for (let i = 0; i < frame.length; i++) {
      const byte = this.#key();
      if (byte >= 0) frame[i] = byte;
      this.#now++;
    }
    const due = this.#messages.filter(({ at }) => at < this.#now).map(({ key }) => key);
    if (due.length > 0) this.#messages = this.#messages.filter(({ at }) => at >= this.#now);
    return due;
  }

  #push(key: string, on: number | null, off: number, shape: ToneShape, done: () => void): boolean {
    if (this.#presses.length === MAX_WAITING_KEYS) return false;
    this.keyUp();
    this.#presses.push({ key, tone: new KeyTone(key, shape), on, off, elapsed: 0, done });
    return true;
  }

  /** The byte that replaces speech at this sample, or -1. */
  #key(): number {
    const press = this.#presses[0];
    if (press === undefined) return -1;
    if (!this.#begun) this.#begin(press);
    if (this.#lead > 0) {
      this.#lead--;
      return -1;
    }
    const n = press.elapsed++;
    if (press.on === null || n < press.on) {
      const tone = press.tone.next();
      return n < this.#toneSamples() ? tone : MULAW_SILENCE;
    }
    if (n + 1 >= press.on + press.off) {
      this.#presses.shift();
      this.#begun = false;
      press.done();
    }
    return -1;
  }

  #begin(press: Press): void {
    this.#begun = true;
    const delay = this.#settings.eventDelayMs * SAMPLES_PER_MS;
    this.#lead = Math.max(-delay, 0);
    const message = { key: press.key, at: this.#now + Math.max(delay, 0) };
    const copies = { sent: 1, absent: 0, doubled: 2 }[this.#settings.events];
    for (let i = 0; i < copies; i++) this.#messages.push(message);
  }

  /** How much of a tone the carrier lets through. */
  #toneSamples(): number {
    const { tones } = this.#settings;
    if (tones === 'kept') return Infinity;
    return tones === 'removed' ? 0 : tones.clippedAfterMs * SAMPLES_PER_MS;
  }
}
