import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { FRAME_MS, MARKS, MediaFrames, readMarker } from './media-frames.js';
import type { RawWebSocket } from './raw-web-socket.js';

/** One stream: what is written to it comes out at its peer. */
export interface Line {
  readonly socket: RawWebSocket;
  readonly streamSid: string;
  /** Frames of its audio that are held back on the way: a frame comes out when so many more have gone in. */
  readonly held: number;
}

/** What was measured while it counted, in µs and frames. */
export interface Measured {
  /** From writing the frame that pushes another out to reading that other: the delay above the hold-back. */
  transit: RecordableHistogram;
  /** How late our own frames were sent. */
  lateness: RecordableHistogram;
  /** Frames that came out. */
  frames: number;
  /** Out later than the next frame was due: the far end's audio has run dry. */
  late: number;
  lost: number;
  /** Audio that came out as something else: covered by the guard. */
  covered: number;
}

/** How often the schedule is looked at, ms. */
const TICK_MS = 1;
/** Frames of a line whose times are kept, 10 s: a divisor of `MARKS`. */
const REMEMBERED = 512;
const NO_SID = Buffer.alloc(0);
/** The end: nothing has come for so long. */
const QUIET_MS = 500;

/**
 * Calls in real time: each line sends a frame every 20 ms by an absolute clock, all lines spread evenly over the
 * 20 ms, as carriers' streams are. It goes on at its own pace however slow the answers are.
 */
export class Load {
  readonly #frames = new MediaFrames();
  readonly #transit = createHistogram();
  readonly #lateness = createHistogram();
  readonly #sentAt: Float64Array;
  readonly #lines: (Line | undefined)[];
  readonly #sids: Buffer[] = [];
  #sent = 0;
  #received = 0;
  #counted = 0;
  #late = 0;
  #covered = 0;
  #counts = false;
  #lostLines = 0;

  /** For so many calls; the caller's line of call `i` is `i`, the agent's is `calls + i`. */
  constructor(calls: number) {
    this.#lines = Array.from({ length: 2 * calls });
    this.#sentAt = new Float64Array(2 * calls * REMEMBERED);
  }

  join(index: number, line: Line): void {
    this.#lines[index] = line;
    this.#sids[index] = this.#frames.sid(line.streamSid);
  }

  /** For line `index`: a message came. */
  receive(index: number, message: Buffer): void {
    const now = performance.now();
    const marker = readMarker(message);
    if (marker < 0 && !message.includes('"media"')) return;
    this.#received++;
    if (this.#counts) this.#counted++;
    const peer = this.#peerOf(index);
    // Silence and noise can look like a marker, but hardly like this one.
    if (Math.floor(marker / MARKS) !== peer) {
      this.#covered++;
      return;
    }
    if (!this.#counts) return;
    const pushed = (marker % MARKS) + (this.#lines[peer]?.held ?? 0);
    const transit = now - (this.#sentAt[peer * REMEMBERED + (pushed % REMEMBERED)] ?? 0);
    this.#transit.record(microseconds(transit));
    if (transit > FRAME_MS) this.#late++;
  }

  lineLost(): void {
    this.#lostLines++;
  }

  /** Talks for `warmUpSeconds` and then for `seconds` that count; `begin` and `end` are called around the latter. */
  async run(
    warmUpSeconds: number,
    seconds: number,
    around: { begin: () => void; end: () => void },
  ): Promise<Measured> {
    const start = performance.now();
    const counting = start + warmUpSeconds * 1000;
    const stop = counting + seconds * 1000;
    const step = FRAME_MS / this.#lines.length;
    let next = 0;
    for (let now = start; now < stop; now = performance.now()) {
      if (!this.#counts && now >= counting) {
        this.#counts = true;
        around.begin();
      }
      for (let due = start + next * step; due <= now; due = start + ++next * step) this.#send(next, due);
      await sleep(TICK_MS);
    }
    around.end();
    this.#counts = false;
    for (let before = -1; before !== this.#received; await sleep(QUIET_MS)) before = this.#received;
    return this.#measured();
  }

  close(): void {
    for (const line of this.#lines) line?.socket.close();
  }

  #send(turn: number, due: number): void {
    const index = turn % this.#lines.length;
    const n = Math.floor(turn / this.#lines.length);
    const frame = this.#frames.make(n, index, this.#sids[index] ?? NO_SID);
    const now = performance.now();
    this.#sentAt[index * REMEMBERED + (n % REMEMBERED)] = now;
    this.#lines[index]?.socket.write(frame);
    this.#sent++;
    if (this.#counts) this.#lateness.record(microseconds(now - due));
  }

  #peerOf(index: number): number {
    return (index + this.#lines.length / 2) % this.#lines.length;
  }

  #measured(): Measured {
    if (this.#lostLines > 0) throw new Error(`${this.#lostLines} streams were closed while they talked`);
    // What was held back at the end is not lost; what came out first was silence.
    const lost = this.#sent - this.#received;
    return {
      transit: this.#transit,
      lateness: this.#lateness,
      frames: this.#counted,
      late: this.#late,
      lost,
      covered: this.#covered - this.#lines.reduce((sum, line) => sum + (line?.held ?? 0), 0),
    };
  }
}

/** Histograms take whole numbers from 1. */
function microseconds(ms: number): number {
  return Math.max(1, Math.round(ms * 1000));
}
