import { KeyCell } from '../secret.js';
import { Beeper, GRID } from './beeper.js';
import { ComfortNoise } from './comfort-noise.js';
import { DtmfDetector } from './dtmf-detector.js';
import { MULAW_SILENCE, SAMPLE_RATE } from './mulaw.js';
import { Suspicion } from './suspicion.js';
import { BLOCK, ToneBlocks } from './tone-blocks.js';
import { STEP } from './tone-evidence.js';
import { ToneWindow } from './tone-window.js';

export interface GuardOptions {
  /** How long the audio is held back: the longer, the surer. */
  readonly holdMs: 15 | 20 | 40;
  /** dBm0, −13 unless given; bounds in `beeper.ts`. */
  readonly beepLevel?: number;
  /** dBm0, −55 unless given; bounds in `comfort-noise.ts`. */
  readonly comfortNoiseLevel?: number;
}

export interface GuardListener {
  /**
   * A press was confirmed in the audio. `cell` holds the key until this returns, then it is cleared. `onset`: the
   * sample of the input at which the tone began.
   */
  press(cell: KeyCell, onset: number): void;
}

/** A cover that came of suspicion alone ends on this grid, 10 ms: no press counted, whose length could be told from it. */
const FINE_GRID = 80;

/** After a press the caller stays covered for 250 ms and to the grid: the keys that follow at once begin under it. */
export const COVER = (250 * SAMPLE_RATE) / 1000;

/** A gap of 25 ms ends a press, as a pause of that length does. */
const GAP_ENDS_PRESS = (25 * SAMPLE_RATE) / 1000;

/**
 * Stands between the caller and the agent: µ-law in, as many bytes out, later by the hold-back. From the first
 * suspicion of a keypad tone the caller is covered: the agent hears noise that is made here, and beeps where the
 * owner asks for them. All else passes byte for byte.
 *
 * What goes out depends on the samples alone, not on how they are cut into frames.
 */
export class Guard {
  /** A payment field is open: suspicion is raised sooner. */
  fieldOpen = false;

  /** The audio that is held back. Its length is whole blocks, so a block never wraps. */
  readonly #held: Uint8Array;
  readonly #hold: number;
  readonly #blocks = new ToneBlocks();
  readonly #window = new ToneWindow(this.#blocks, 6);
  readonly #quickWindow: ToneWindow;
  readonly #suspicion: Suspicion;
  readonly #detector: DtmfDetector;
  readonly #beeper: Beeper;
  readonly #noise: ComfortNoise;

  /** Samples in, and as many out. */
  #count = 0;
  #missing = 0;
  #covered = false;
  /** The cover may end at the first point of its grid at or after this count. */
  #coverUntil = 0;
  #coverGrid = FINE_GRID;
  #faults = 0;

  constructor(options: GuardOptions, listener: GuardListener) {
    this.#hold = (options.holdMs * SAMPLE_RATE) / 1000;
    this.#held = new Uint8Array(new ArrayBuffer(Math.max(this.#hold, 128)), 0, this.#hold);
    this.#held.fill(MULAW_SILENCE);
    // 15 ms of hold-back leave 10 ms of certain tone to look at before its first sample goes out.
    this.#quickWindow = options.holdMs === 15 ? new ToneWindow(this.#blocks, 4) : this.#window;
    this.#suspicion = new Suspicion(this.#blocks, this.#quickWindow, options.holdMs);
    this.#detector = new DtmfDetector(this.#window, new KeyCell(), {
      down: (cell, start) => listener.press(cell, start + this.#missing),
    });
    this.#beeper = new Beeper(options.beepLevel);
    this.#noise = new ComfortNoise(options.comfortNoiseLevel);
  }

  /**
   * Input bytes → as many output bytes; the first of all are silence. Any length; the two may not overlap. Never
   * throws: on a fault the output is silence, and so is what was held back.
   */
  process(input: Uint8Array, output: Uint8Array): void {
    const end = this.#count + input.length;
    try {
      this.#pass(input, output);
    } catch {
      this.#faults++;
      output.fill(MULAW_SILENCE);
      this.wipe();
      this.#held.fill(MULAW_SILENCE);
      this.#count = end;
      this.#coverFor(this.#hold + COVER);
    }
  }

  #pass(input: Uint8Array, output: Uint8Array): void {
    let done = 0;
    while (done < input.length) {
      const within = this.#count % BLOCK;
      if (within === 0) this.#openBlock();
      const taken = Math.min(BLOCK - within, input.length - done);
      this.#exchange(input, output, done, taken);
      done += taken;
      this.#count += taken;
      if (within + taken === BLOCK) this.#look();
    }
  }

  /** Takes samples in and gives as many out: those that have been held back for long enough. */
  #exchange(input: Uint8Array, output: Uint8Array, from: number, length: number): void {
    const slot = this.#count % this.#hold;
    for (let n = 0; n < length; n++) {
      output[from + n] = this.#covered
        ? (this.#beeper.next() ?? this.#noise.next())
        : (this.#held[slot + n] ?? MULAW_SILENCE);
      this.#held[slot + n] = input[from + n] ?? MULAW_SILENCE;
    }
  }

  #openBlock(): void {
    if (this.#count % GRID === 0) this.#beeper.slot();
    if (this.#count % this.#coverGrid !== 0 || this.#count < this.#coverUntil || !this.#beeper.idle) return;
    this.#covered = false;
    this.#coverGrid = FINE_GRID;
  }

  /** Looks at the block that is now complete. */
  #look(): void {
    this.#blocks.push(this.#held, (this.#count - BLOCK) % this.#hold);
    this.#quickWindow.update();
    if (this.#suspicion.next(this.fieldOpen)) this.#coverFor(this.#hold + BLOCK, FINE_GRID);
    if (this.#count % STEP !== 0) return;
    if (this.#window !== this.#quickWindow) this.#window.update();
    this.#detector.next();
    if (this.#detector.pressed) this.#coverFor(this.#hold + COVER);
  }

  #coverFor(samples: number, grid = GRID): void {
    this.#covered = true;
    this.#coverGrid = Math.max(this.#coverGrid, grid);
    this.#coverUntil = Math.max(this.#coverUntil, this.#count + samples);
  }

  /** The carrier said that a key was pressed: covers from what is held back on. */
  cover(): void {
    this.#coverFor(COVER);
  }

  /** One beep, in the first free slot of the grid; the caller stays covered until all have been heard. */
  beep(): void {
    this.#coverFor(0);
    this.#beeper.add();
  }

  /** Whether a beep plays, or waits for its slot. */
  get beeping(): boolean {
    return !this.#beeper.idle;
  }

  /** Audio of that length is missing before the next sample: what is around it is covered. */
  gap(samples: number): void {
    this.#missing += samples;
    this.#suspicion.forget();
    if (samples >= GAP_ENDS_PRESS) this.#detector.end();
    this.#coverFor(this.#hold + this.#window.length);
  }

  /** Samples of input so far, with those that were missing: the position of the next one. */
  get position(): number {
    return this.#count + this.#missing;
  }

  /** Faults of its own that `process` turned into silence. */
  get faults(): number {
    return this.#faults;
  }

  /** Zeroes everything that held the caller's audio. The guard stays usable: what was held back comes out covered. */
  wipe(): void {
    this.#held.fill(0);
    this.#blocks.wipe();
    this.#window.wipe();
    this.#quickWindow.wipe();
    this.#detector.wipe();
    this.#suspicion.wipe();
    this.#coverFor(this.#hold);
  }
}
