import type { MediaStream } from '../carrier/carrier.js';
import type { Guard } from '../dsp/guard.js';
import { MULAW_SILENCE, SAMPLE_RATE } from '../dsp/mulaw.js';
import { Tripwire } from '../dsp/tripwire.js';
import type { PromptName, Prompts } from '../flow/prompts.js';
import { Earpiece } from './earpiece.js';
import type { Party } from './leg.js';
import type { Ringback } from './ringback.js';

/** Frames as carriers send them: 20 ms. Others are cut into pieces of this length. */
const FRAME = 160;

/** After an alarm the agent hears the caller again when the tripwire has heard no key for 2 s. */
const MUTE = 2 * SAMPLE_RATE;

export interface BridgeListener {
  /** The tripwire heard a key on its way to the agent, who is muted from that frame on. Both are being told. */
  alarm(): void;
  /** A party has heard nothing for 2 s by a fault of ours, and is being told. */
  silence(party: Party): void;
}

/**
 * The audio between the two parties: frames are forwarded on arrival, one in one out, never by a timer. Caller to
 * agent goes through the guard, the tripwire listens behind it, and no other way exists; agent to caller is untouched.
 */
export class Bridge {
  readonly #guard: Guard;
  readonly #tripwire = new Tripwire();
  readonly #ringback: Ringback;
  readonly #prompts: Prompts;
  readonly #listener: BridgeListener;
  readonly #out = new Uint8Array(new ArrayBuffer(FRAME)).fill(MULAW_SILENCE);
  readonly #caller: Earpiece;
  readonly #agent: Earpiece;
  /** Samples for which the agent stays muted. */
  #muted = 0;
  /** What the agent is to be told once the beeps have been heard, and what he is being told. */
  #news: Uint8Array | null = null;
  #telling: Uint8Array | null = null;

  constructor(guard: Guard, ringback: Ringback, prompts: Prompts, listener: BridgeListener) {
    this.#guard = guard;
    this.#ringback = ringback;
    this.#prompts = prompts;
    this.#listener = listener;
    this.#caller = new Earpiece(prompts.sound_interrupted, () => listener.silence('caller'));
    this.#agent = new Earpiece(prompts.sound_interrupted, () => listener.silence('agent'));
  }

  joinCaller(stream: MediaStream): void {
    this.#caller.connect(stream);
  }

  joinAgent(stream: MediaStream): void {
    this.#agent.connect(stream);
  }

  part(): void {
    this.#caller.disconnect();
    this.#agent.disconnect();
    this.#guard.wipe();
    this.#tripwire.wipe();
    this.#out.fill(MULAW_SILENCE);
  }

  /** Says a prompt to both: to the caller at once, to the agent between beeps, of which none may be lost. */
  tell(name: PromptName): void {
    this.#news = this.#prompts[name];
    this.#caller.say(this.#news);
  }

  /** Audio of the caller. The guard hears all of it, from the first frame; the agent hears what the guard gives. */
  fromCaller(frame: Uint8Array, missing: number): void {
    if (missing > 0) this.#guard.gap(missing);
    for (let start = 0; start < frame.length; start += FRAME) {
      const piece = frame.length <= FRAME ? frame : frame.subarray(start, start + FRAME);
      const out = piece.length === FRAME ? this.#out : this.#out.subarray(0, piece.length);
      const faults = this.#guard.faults;
      this.#guard.process(piece, out);
      if (this.#agent.connected) this.#toAgent(out, this.#guard.faults !== faults);
      else this.#ring(out);
    }
    this.#caller.pace(frame.length);
  }

  #toAgent(out: Uint8Array, faulted: boolean): void {
    if (this.#tripwire.hears(out)) this.#alarm();
    else this.#muted -= Math.min(this.#muted, out.length);
    const muted = this.#muted > 0;
    if (muted) out.fill(MULAW_SILENCE);
    else if (this.#guard.beeping) this.#hushAgent();
    this.#agent.hear(out, muted || faulted);
    if (!muted && !this.#guard.beeping) this.#tellAgent();
  }

  #hushAgent(): void {
    if (this.#telling !== null) this.#agent.hush(this.#telling);
    this.#telling = null;
  }

  #tellAgent(): void {
    if (this.#news === null) return;
    this.#agent.say(this.#news);
    this.#telling = this.#news;
    this.#news = null;
  }

  #alarm(): void {
    const raised = this.#muted > 0;
    this.#muted = MUTE;
    if (raised) return;
    this.#caller.say(this.#prompts.guard_alarm);
    this.#agent.say(this.#prompts.guard_alarm);
    this.#listener.alarm();
  }

  /** Audio of the agent. */
  fromAgent(frame: Uint8Array): void {
    this.#caller.hear(frame, false);
    this.#agent.pace(frame.length);
  }

  /** While nobody has answered, the caller hears ringing: a frame for each of his. */
  #ring(out: Uint8Array): void {
    this.#ringback.next(out);
    this.#caller.hear(out, false);
  }
}
