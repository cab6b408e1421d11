import { ABSENT } from './media-message.js';

const SAMPLES_PER_MS = 8;
/** A frame of 20 ms: a shorter jump of the timestamps is jitter of the carrier's clock and no loss. */
const FRAME_SAMPLES = 160;
/** Numbers that go back by this much or more, 20 s of media, are a counter that began anew; by less, repeats. */
const RESTART = 1000;
/** The most that is reported lost at one time, one second: what follows a longer gap needs no more silence. */
export const MAX_MISSING_SAMPLES = 8000;

/**
 * The order of one stream's messages, from the carrier's own numbers. TCP keeps order, so a number that comes again or
 * late is the carrier's mistake and the message is dropped; audio that never comes is told to whoever hears the next.
 * Numbers that the carrier leaves out (`ABSENT`) are not missed.
 */
export class MediaOrder {
  #sequence = ABSENT;
  /** Numbers passed over since the last frame. */
  #skipped = 0;
  #chunk = ABSENT;
  /** Presentation time of the last frame in ms. */
  #timestamp = ABSENT;
  /** Presentation time of the next frame in ms, if nothing is lost before it. */
  #due = ABSENT;

  /** False when the message with this `sequence` came before, or one sent after it did. */
  inTurn(sequence: number): boolean {
    if (sequence === ABSENT) return true;
    const behind = this.#sequence - sequence;
    if (this.#sequence !== ABSENT && behind >= 0 && behind < RESTART) return false;
    if (this.#sequence !== ABSENT) this.#skipped += behind < 0 ? -behind - 1 : 1;
    this.#sequence = sequence;
    return true;
  }

  /** Samples lost just before a frame of `samples` with these numbers (`timestamp` in ms). */
  missingBefore(chunk: number, timestamp: number, samples: number): number {
    const chunksLost = this.#chunk === ABSENT || chunk === ABSENT ? 0 : chunk - this.#chunk - 1;
    const jump = this.#due === ABSENT || timestamp === ABSENT ? 0 : (timestamp - this.#due) * SAMPLES_PER_MS;
    const wentBack = timestamp !== ABSENT && timestamp <= this.#timestamp;
    if (chunk !== ABSENT) this.#chunk = chunk;
    this.#timestamp = timestamp;
    this.#due = timestamp === ABSENT ? ABSENT : timestamp + samples / SAMPLES_PER_MS;

    // A counter or a clock that went back began anew, and how much went with it is unknown: at least a frame.
    const byChunk = chunksLost < 0 ? FRAME_SAMPLES : chunksLost * samples;
    const byTime = wentBack ? FRAME_SAMPLES : jump >= FRAME_SAMPLES ? Math.round(jump) : 0;
    // Other messages are numbered too: one too many is told lost rather than one too few.
    const bySequence = chunk === ABSENT && timestamp === ABSENT ? this.#skipped * samples : 0;
    this.#skipped = 0;
    return Math.min(Math.max(byChunk, byTime, bySequence), MAX_MISSING_SAMPLES);
  }
}
