import { Guard } from '../dsp/guard.js';
import { MULAW_SILENCE, SAMPLE_RATE } from '../dsp/mulaw.js';
import { BLOCK } from '../dsp/tone-blocks.js';
import { CoverWatch } from './cover-watch.js';
import { overlap, widened, type Span } from './span.js';

/** The surest: there is no agent who waits. */
const HOLD_MS = 40;
const HOLD = (HOLD_MS * SAMPLE_RATE) / 1000;
/** Added on both sides of what the guard covers: room for the echo and for the ringing of filters. */
const MARGIN = (30 * SAMPLE_RATE) / 1000;

/** What a guard with an open field would cover of one channel, as far as it touches the spans that are asked for. */
export class Covers {
  readonly #guard = new Guard({ holdMs: HOLD_MS }, { press: () => {} });
  readonly #watch = new CoverWatch(HOLD, (covered) => this.#block(covered));
  readonly #within: readonly Span[];
  readonly #found: Span[] = [];
  #blocks = 0;
  /** The block at which the cover began that goes on. */
  #since: number | undefined;

  constructor(within: readonly Span[]) {
    this.#within = within;
    this.#guard.fieldOpen = true;
  }

  process(mulaw: Uint8Array): void {
    const output = new Uint8Array(mulaw.length);
    this.#guard.process(mulaw, output);
    this.#watch.compare(mulaw, output);
  }

  /** The channel is over: what is covered, in order. */
  end(): readonly Span[] {
    this.process(new Uint8Array(HOLD + BLOCK).fill(MULAW_SILENCE));
    this.#block(false);
    this.#guard.wipe();
    return this.#found;
  }

  #block(covered: boolean): void {
    if (covered) this.#since ??= this.#blocks;
    else if (this.#since !== undefined)
      this.#close({ start: this.#since * BLOCK, end: this.#blocks * BLOCK });
    this.#blocks++;
  }

  #close(cover: Span): void {
    this.#since = undefined;
    if (this.#within.some((span) => overlap(span, cover))) this.#found.push(widened(cover, MARGIN));
  }
}
