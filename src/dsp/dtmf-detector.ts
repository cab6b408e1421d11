import type { KeyCell } from '../secret.js';
import { Background } from './background.js';
import { GROUP, keyAt } from './keypad.js';
import { PressEvidence } from './press-evidence.js';
import { STEP } from './tone-evidence.js';
import type { ToneWindow } from './tone-window.js';

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

/** What a window must show for a press to begin. Whether it is one, the evidence of all its windows says. */
const LEVEL_LEAST = -50; // dBm0 of the pair
const TWIST_MOST = 16; // dB
const REST_MOST = 0.45; // share of the energy in the band that is not the two tones

/** Windows from the first to the newest before a press counts: 23 ms gives 5 at most, 40 ms gives 7 or more. */
const SPAN_LEAST = 6;
/** Of those, as many must show the key clearly. */
const CLEAR_LEAST = 3;

/** A tone is still there while its energy is at least this share of the most it had: half a window filled. */
const PRESENT = 0.25;
/** Windows without the tone that end a press: a gap of 10 ms gives 2, one of 30 ms gives 6. */
const ABSENT_MOST = 5;

type State = 'idle' | 'likely' | 'certain';

/**
 * The strict one of the two: says which key was pressed, from a 15 ms window that moves by 5 ms. A press is a tone of
 * 40 ms or more, 30 ms or more after the last; under 23 ms never counts; a gap of 10 ms is bridged.
 */
export class DtmfDetector {
  readonly #window: ToneWindow;
  readonly #cell: KeyCell;
  readonly #listener: PressListener;
  readonly #background: Background;
  readonly #evidence: PressEvidence;

  /** Windows seen. */
  #now = 0;
  #state: State = 'idle';
  #first = 0;
  #last = 0;
  #clear = 0;
  #absent = 0;
  /** Energy of both tones in the first window that lacks them. */
  #after = 0;

  constructor(window: ToneWindow, cell: KeyCell, listener: PressListener) {
    this.#window = window;
    this.#cell = cell;
    this.#listener = listener;
    this.#background = new Background(window);
    this.#evidence = new PressEvidence(window, this.#background);
  }

  /** A key is down, for certain. */
  get pressed(): boolean {
    return this.#state === 'certain';
  }

  /** Judges the window as it stands, once a step. */
  next(): void {
    this.#now++;
    this.#background.next();
    const clear = this.#clearNow();
    if (this.#state === 'certain' || (this.#state === 'likely' && (!clear || this.#sameKey()))) {
      this.#follow(clear);
    } else if (clear) {
      this.#begin();
    }
    this.#evidence.remember();
  }

  /** The stream ends, or so much of it is missing that what follows is another press. */
  end(): void {
    if (this.#state === 'certain') this.#report();
    this.#state = 'idle';
  }

  #clearNow(): boolean {
    const { pair, rest, twist } = this.#window;
    return rest <= REST_MOST && Math.abs(twist) <= TWIST_MOST && this.#window.level(pair) >= LEVEL_LEAST;
  }

  #sameKey(): boolean {
    return this.#window.row === this.#evidence.low.tone && this.#window.column === this.#evidence.high.tone;
  }

  #begin(): void {
    this.#evidence.begin();
    this.#state = 'likely';
    this.#first = this.#now;
    this.#last = this.#now;
    this.#clear = 1;
    this.#absent = 0;
  }

  #follow(clear: boolean): void {
    const { low, high } = this.#evidence;
    const energyLow = this.#window.at(low.tone);
    const energyHigh = this.#window.at(high.tone);
    if (energyLow < PRESENT * low.most || energyHigh < PRESENT * high.most) {
      if (this.#absent++ === 0) this.#after = energyLow + energyHigh;
      if (this.#absent === ABSENT_MOST) this.end();
      return;
    }
    this.#absent = 0;
    this.#last = this.#now;
    this.#evidence.add(clear);
    if (this.#state === 'certain') return;
    if (clear) this.#clear++;
    if (this.#longEnough() && this.#evidence.enough) this.#confirm();
  }

  #longEnough(): boolean {
    return this.#last - this.#first + 1 >= SPAN_LEAST && this.#clear >= CLEAR_LEAST;
  }

  #confirm(): void {
    this.#state = 'certain';
    this.#tell(() => this.#listener.down?.(this.#cell, this.#start()));
  }

  /** A tone that fills a part of a window gives it the square of that part of the full energy. */
  #filled(energy: number): number {
    const { low, high } = this.#evidence;
    return Math.min(1, Math.sqrt(energy / (low.most + high.most))) * this.#window.length;
  }

  #start(): number {
    const { low, high } = this.#evidence;
    return Math.max(0, Math.round((this.#first - 1) * STEP - this.#filled(low.before + high.before)));
  }

  #report(): void {
    const { low, high } = this.#evidence;
    const start = this.#start();
    const after = this.#absent > 0 ? this.#after : low.most + high.most;
    const windowStart = (this.#last + (this.#absent > 0 ? 1 : 0)) * STEP - this.#window.length;
    const length = Math.round(windowStart + this.#filled(after)) - start;
    const level = this.#window.level(Math.max(low.most, high.most));
    this.#tell(() => this.#listener.up?.(this.#cell, { start, length, level }));
  }

  #tell(listener: () => void): void {
    this.#cell.key = keyAt(this.#evidence.low.tone, this.#evidence.high.tone - GROUP);
    try {
      listener();
    } finally {
      this.#cell.clear();
    }
  }

  wipe(): void {
    this.#state = 'idle';
    this.#background.wipe();
    this.#evidence.wipe();
  }
}
