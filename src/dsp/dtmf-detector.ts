import type { KeyCell } from '../secret.js';
import { GROUP, TONES, keyAt, toneHz } from './keypad.js';
import { SAMPLE_RATE } from './mulaw.js';
import { restOf, type ToneWindow } from './tone-window.js';

/** Where a press was found, in samples of the stream, and its level: the stronger tone's, in dBm0. */
export interface Press {
  readonly start: number;
  readonly length: number;
  readonly level: number;
}

export interface PressListener {
  /** A press is certain, and goes on. `cell` holds the key until this returns; `start`: the sample where it began. */
  down?(cell: KeyCell, start: number): void;
  /** It is over. */
  up?(cell: KeyCell, press: Press): void;
}

/** Samples from one look to the next: 5 ms. */
export const STEP = 40;

/** What a window must show for a press to begin: a key from a voice. (ITU-T Q.24 for levels, twist and frequency.) */
const LEVEL_LEAST = -47; // dBm0 of the pair
const TWIST_LEAST = -10; // dB
const TWIST_MOST = 9;
const REST_MOST = 0.3; // share of the energy in the band that is not the two tones

/** Over the whole press so far the tones must stand out more: in the band, and from all that there is. */
const PRESS_REST_MOST = 0.18;
const PRESS_REST_OF_ALL_MOST = 0.25;
/** And they are steady: their mean energy is at least this share of the most. A voice swells. */
const STEADY_LEAST = 0.6;

/** Off frequency by more, and it is no key: Q.24 asks for 1.5 % to be taken and 3.5 % refused. */
const DETUNE_MOST = 0.025;

/** Windows from the first to the newest before a press counts: 23 ms gives 5 at most, 40 ms gives 7 or more. */
const SPAN_LEAST = 6;
/** Of those, as many must show the key clearly. */
const CLEAR_LEAST = 4;

/** A tone is still there while its energy is at least this share of the most it had: half a window filled. */
const PRESENT = 0.25;
/** Windows without the tone that end a press: a gap of 10 ms gives 2, one of 40 ms gives 8. */
const ABSENT_MOST = 5;

const NO_TONE = -1;

/**
 * The strict one of the two: says which key was pressed, from a 15 ms window that moves by 5 ms. A press is a tone of
 * 40 ms or more, 40 ms or more after the last; under 23 ms never counts; a gap of 10 ms is bridged.
 */
export class DtmfDetector {
  readonly #window: ToneWindow;
  readonly #cell: KeyCell;
  readonly #listener: PressListener;

  /** Windows seen. */
  #now = 0;
  #row = NO_TONE;
  #column = NO_TONE;
  #certain = false;
  #clear = 0;
  #absent = 0;
  #first = 0;
  #last = 0;
  /** Energy of the key's tones in the window before the first, in the one after the last, and the most of each. */
  #before = 0;
  #after = 0;
  #mostLow = 0;
  #mostHigh = 0;
  /** Windows with the tone, and energies summed over them. */
  #pair = 0;
  #summed = 0;
  #explained = 0;
  #inBand = 0;
  #whole = 0;
  /** Turn of each tone's phase from window to window, summed as vectors: it gives the frequency. */
  readonly #turn = new Float64Array(16);
  /** The window before this one: energies, and correlations. */
  readonly #energy = new Float64Array(16);
  readonly #re = new Float64Array(16);
  readonly #im = new Float64Array(16);

  constructor(window: ToneWindow, cell: KeyCell, listener: PressListener) {
    this.#window = window;
    this.#cell = cell;
    this.#listener = listener;
  }

  /** A key is down, for certain. */
  get pressed(): boolean {
    return this.#certain;
  }

  /** Judges the window as it stands, once a step. */
  next(): void {
    this.#now++;
    const clear = this.#clearNow();
    if (this.#row === NO_TONE) {
      if (clear) this.#begin();
    } else if (!this.#certain && clear && !this.#sameKey()) {
      this.#begin();
    } else {
      this.#follow(clear);
    }
    for (let tone = 0; tone < TONES; tone++) {
      this.#energy[tone] = this.#window.at(tone);
      this.#re[tone] = this.#window.re[tone] ?? 0;
      this.#im[tone] = this.#window.im[tone] ?? 0;
    }
  }

  /** The stream ends, or so much of it is missing that what follows is another press. */
  end(): void {
    if (this.#certain) this.#report();
    this.#forget();
  }

  #clearNow(): boolean {
    const { pair, rest, twist } = this.#window;
    return (
      rest <= REST_MOST &&
      twist >= TWIST_LEAST &&
      twist <= TWIST_MOST &&
      this.#window.level(pair) >= LEVEL_LEAST
    );
  }

  #sameKey(): boolean {
    return this.#window.row === this.#row && this.#window.column === this.#column;
  }

  #begin(): void {
    this.#forget();
    this.#row = this.#window.row;
    this.#column = this.#window.column;
    this.#first = this.#now;
    this.#last = this.#now;
    this.#clear = 1;
    this.#before = (this.#energy[this.#row] ?? 0) + (this.#energy[this.#column] ?? 0);
    this.#mostLow = this.#window.at(this.#row);
    this.#mostHigh = this.#window.at(this.#column);
    this.#sum();
  }

  #sum(): void {
    this.#summed++;
    this.#pair += this.#window.pair;
    this.#explained += this.#window.explained;
    this.#inBand += this.#window.inBand;
    this.#whole += this.#window.whole;
  }

  #follow(clear: boolean): void {
    const low = this.#window.at(this.#row);
    const high = this.#window.at(this.#column);
    if (low < PRESENT * this.#mostLow || high < PRESENT * this.#mostHigh) {
      if (this.#absent++ === 0) this.#after = low + high;
      if (this.#absent === ABSENT_MOST) this.end();
      return;
    }
    this.#absent = 0;
    this.#last = this.#now;
    this.#mostLow = Math.max(this.#mostLow, low);
    this.#mostHigh = Math.max(this.#mostHigh, high);
    if (this.#certain) return;
    this.#sum();
    if (clear) {
      this.#clear++;
      this.#addTurn(this.#row, 0);
      this.#addTurn(this.#column, 2);
    }
    if (this.#longEnough() && this.#standsOut() && this.#inTune()) {
      this.#certain = true;
      this.#tell(() => this.#listener.down?.(this.#cell, this.#start()));
    }
  }

  #longEnough(): boolean {
    return this.#last - this.#first + 1 >= SPAN_LEAST && this.#clear >= CLEAR_LEAST;
  }

  #standsOut(): boolean {
    return (
      restOf(this.#explained, this.#inBand) <= PRESS_REST_MOST &&
      restOf(this.#pair, this.#whole) <= PRESS_REST_OF_ALL_MOST &&
      this.#pair >= STEADY_LEAST * this.#summed * (this.#mostLow + this.#mostHigh)
    );
  }

  #addTurn(tone: number, slot: number): void {
    const re = this.#window.re[tone] ?? 0;
    const im = this.#window.im[tone] ?? 0;
    const wasRe = this.#re[tone] ?? 0;
    const wasIm = this.#im[tone] ?? 0;
    this.#turn[slot] = (this.#turn[slot] ?? 0) + re * wasRe + im * wasIm;
    this.#turn[slot + 1] = (this.#turn[slot + 1] ?? 0) + im * wasRe - re * wasIm;
  }

  #inTune(): boolean {
    return this.#detune(this.#row, 0) <= DETUNE_MOST && this.#detune(this.#column, 2) <= DETUNE_MOST;
  }

  /** How far a tone is off its frequency, as a share of it. */
  #detune(tone: number, slot: number): number {
    const turn = Math.atan2(this.#turn[slot + 1] ?? 0, this.#turn[slot] ?? 0);
    return Math.abs((turn * SAMPLE_RATE) / (2 * Math.PI * STEP)) / toneHz(tone);
  }

  /** A tone that fills a part of a window gives it the square of that part of the full energy. */
  #filled(energy: number): number {
    return Math.min(1, Math.sqrt(energy / (this.#mostLow + this.#mostHigh))) * this.#window.length;
  }

  #start(): number {
    return Math.max(0, Math.round((this.#first - 1) * STEP - this.#filled(this.#before)));
  }

  #report(): void {
    const start = this.#start();
    const after = this.#absent > 0 ? this.#after : this.#mostLow + this.#mostHigh;
    const windowStart = (this.#last + (this.#absent > 0 ? 1 : 0)) * STEP - this.#window.length;
    const length = Math.round(windowStart + this.#filled(after)) - start;
    const level = this.#window.level(Math.max(this.#mostLow, this.#mostHigh));
    this.#tell(() => this.#listener.up?.(this.#cell, { start, length, level }));
  }

  #tell(listener: () => void): void {
    this.#cell.key = keyAt(this.#row, this.#column - GROUP);
    try {
      listener();
    } finally {
      this.#cell.clear();
    }
  }

  #forget(): void {
    this.#row = NO_TONE;
    this.#column = NO_TONE;
    this.#certain = false;
    this.#clear = 0;
    this.#absent = 0;
    this.#summed = 0;
    this.#pair = 0;
    this.#explained = 0;
    this.#inBand = 0;
    this.#whole = 0;
    this.#turn.fill(0);
  }

  wipe(): void {
    this.#forget();
    for (const held of [this.#energy, this.#re, this.#im]) held.fill(0);
  }
}
