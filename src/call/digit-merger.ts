import { inspect } from 'node:util';
import { NO_KEY, type KeyCell } from '../secret.js';

/** An event belongs to a tone when it comes up to so long before the tone's onset, or so long after it. */
export const EVENT_EARLY_MS = 300;
export const EVENT_LATE_MS = 2_000;

/**
 * Where tones are heard, a second event of one key within this time is the carrier's double of the first: were it a
 * press of its own, its tone would count. No finger presses one key twice much faster.
 */
export const DOUBLE_MS = 200;

/** No more keys than this lie here at once; older presses are remembered without theirs, and pair with any key. */
export const MAX_KEYS = 6;
/** Presses that can wait for their twin; at 80 ms a press there are 29 in the longest wait. The oldest gives way. */
export const MAX_PRESSES = 32;

const TONE = 1;
const EVENT = 2;
/** An event that found its tone: kept for as long as its double may come. */
const PAIRED_EVENT = 3;

const ANY_KEY = 255;
const TIMES_BYTES = MAX_PRESSES * Float64Array.BYTES_PER_ELEMENT;

/**
 * Makes one press of what the audio and the carrier both tell of it. A tone and an event of one key pair one to one,
 * oldest first, within the times above; whichever comes first counts. One key twice from the same source is two
 * presses, but for the carrier's double.
 *
 * Times are in ms of one clock; those of each source never go backwards.
 */
export class DigitMerger {
  readonly #memory = new ArrayBuffer(TIMES_BYTES + 2 * MAX_PRESSES);
  /** Row by row, oldest first: when, which key, and what is known of the press. */
  readonly #times = new Float64Array(this.#memory, 0, MAX_PRESSES);
  readonly #keys = new Uint8Array(this.#memory, TIMES_BYTES, MAX_PRESSES);
  readonly #kinds = new Uint8Array(this.#memory, TIMES_BYTES + MAX_PRESSES, MAX_PRESSES);
  #count = 0;
  /** Whether the last event that could be judged had its tone. */
  #tonesHeard = false;

  /** The detector confirmed a key whose tone began at `onsetMs`. True when this is a press that hasn't counted yet. */
  tone(cell: KeyCell, onsetMs: number): boolean {
    if (cell.key === NO_KEY) return false;
    this.#ageOut(onsetMs);
    const twin = this.#find(EVENT, cell.key, onsetMs - EVENT_EARLY_MS, onsetMs + EVENT_LATE_MS);
    if (twin < 0) return this.#remember(TONE, cell.key, onsetMs);
    this.#kinds[twin] = PAIRED_EVENT;
    this.#tonesHeard = true;
    return false;
  }

  /** The carrier said that a key was pressed. True when this is a press that hasn't counted yet. */
  event(cell: KeyCell, atMs: number): boolean {
    if (cell.key === NO_KEY) return false;
    this.#ageOut(atMs);
    if (this.#tonesHeard && this.#doubles(cell.key, atMs)) return false;
    const twin = this.#find(TONE, cell.key, atMs - EVENT_LATE_MS, atMs + EVENT_EARLY_MS);
    if (twin < 0) return this.#remember(EVENT, cell.key, atMs);
    this.#drop(twin);
    this.#remember(PAIRED_EVENT, cell.key, atMs);
    this.#tonesHeard = true;
    return false;
  }

  /** Drops every key and keeps the presses: a twin that is still to come doesn't count, whatever its key. */
  forget(): void {
    this.#keys.fill(ANY_KEY, 0, this.#count);
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }

  #remember(kind: number, key: number, at: number): true {
    if (this.#count === MAX_PRESSES) this.#drop(0);
    if (this.#count >= MAX_KEYS) this.#keys[this.#count - MAX_KEYS] = ANY_KEY;
    this.#times[this.#count] = at;
    this.#keys[this.#count] = key;
    this.#kinds[this.#count] = kind;
    this.#count++;
    return true;
  }

  /** The oldest row of this kind and key between two times; −1 when there is none. */
  #find(kind: number, key: number, from: number, to: number): number {
    for (let row = 0; row < this.#count; row++) {
      const at = this.#times[row] ?? 0;
      if (this.#kinds[row] === kind && this.#fits(row, key) && at >= from && at <= to) return row;
    }
    return -1;
  }

  /** Whether an event repeats the event before it. */
  #doubles(key: number, at: number): boolean {
    for (let row = this.#count - 1; row >= 0; row--) {
      if (this.#kinds[row] !== TONE) return this.#fits(row, key) && at - (this.#times[row] ?? 0) < DOUBLE_MS;
    }
    return false;
  }

  #fits(row: number, key: number): boolean {
    return this.#keys[row] === key || this.#keys[row] === ANY_KEY;
  }

  /** Drops what can't pair any more. An event that found no tone says that tones aren't heard here. */
  #ageOut(now: number): void {
    for (let row = this.#count - 1; row >= 0; row--) {
      const age = now - (this.#times[row] ?? 0);
      if (age <= (this.#kinds[row] === PAIRED_EVENT ? DOUBLE_MS : EVENT_LATE_MS)) continue;
      if (this.#kinds[row] === EVENT) this.#tonesHeard = false;
      this.#drop(row);
    }
  }

  #drop(row: number): void {
    this.#count--;
    for (const column of [this.#times, this.#keys, this.#kinds]) {
      column.copyWithin(row, row + 1, this.#count + 1);
      column[this.#count] = 0;
    }
  }
}
