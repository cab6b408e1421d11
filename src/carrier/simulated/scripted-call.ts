import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../../clock.js';
import { parseAddress } from './address.js';
import { FRAME_MS } from './metronome.js';
import { murmur } from './murmur.js';
import type { Phone, PhoneCall } from './phone.js';
import { TEST_CARD_NAMES, TEST_CARDS } from './test-card.js';

/** Where sound files go, and what makes one of raw mu-law. */
export interface Recordings {
  dir: string;
  encode: (mulaw: Uint8Array) => Uint8Array;
}

const address = z.string().refine((text) => parseAddress(text) !== null, 'not an address');

export const scriptedCallSchema = z.strictObject({
  from: address,
  to: address,
  /** Who answers: the next call from `from` or `to` that rings there. */
  agent: address,
  card: z.enum(TEST_CARD_NAMES),
});

const ms = z.number().int().min(0).max(10_000);

/** What the caller does next. A script can't name a digit: only whole parts of its test card. */
export const stepsSchema = z.strictObject({
  steps: z
    .array(
      z.union([
        z.strictObject({
          press: z.enum(['number', 'expiry', 'code', '*', '#']),
          /** Only the first so many of them. */
          first: z.number().int().min(1).max(19).optional(),
        }),
        z.strictObject({ wait_ms: ms }),
        /** The caller talks: a murmur without words. */
        z.strictObject({ talk_ms: ms }),
      ]),
    )
    .max(50),
});

export type ScriptedCallRequest = z.infer<typeof scriptedCallSchema>;
export type Step = z.infer<typeof stepsSchema>['steps'][number];

export interface ScriptedCallView {
  call_sid: string;
  status: string;
  agent_call_sid: string | null;
  said: { text: string; language: string }[];
  recordings: { caller_sent: string; agent_heard: string } | null;
}

/** How long the agent's telephone rings. */
const RINGS_MS = 800;
/** A script that is forgotten hangs up after five minutes; its recordings are no longer. */
const MAX_MS = 5 * 60 * 1000;
const MAX_FRAMES = MAX_MS / FRAME_MS;
const MAX_SAID = 50;

/** A caller and an agent that follow a script: the only call whose sound may be written to files. */
export class ScriptedCall {
  readonly #request: ScriptedCallRequest;
  readonly #clock: Clock;
  readonly #recordings: Recordings | null;
  readonly #caller: PhoneCall;
  readonly #stopWaiting: () => void;
  #agent: PhoneCall | null = null;
  readonly #callerSent: Uint8Array[] = [];
  readonly #agentHeard: Uint8Array[] = [];
  readonly #said: { text: string; language: string }[] = [];
  #files: ScriptedCallView['recordings'] = null;

  constructor(
    request: ScriptedCallRequest,
    phone: (address: string) => Phone,
    clock: Clock,
    recordings: Recordings | null,
  ) {
    this.#request = request;
    this.#clock = clock;
    this.#recordings = recordings;
    this.#stopWaiting = phone(request.agent).onRing((call) => this.#answer(call));
    this.#caller = phone(request.from).call(request.to);
    const stop = clock.after(MAX_MS, () => this.#caller.hangUp());
    const ended = () => {
      if (!this.over) return;
      stop();
      this.#stopWaiting();
    };
    this.#caller.on('status', ended);
    ended();
    this.#caller.on('said', (text, language) => {
      if (this.#said.length < MAX_SAID) this.#said.push({ text, language });
    });
  }

  get sid(): string {
    return this.#caller.sid;
  }

  get over(): boolean {
    return this.#caller.over;
  }

  view(): ScriptedCallView {
    return {
      call_sid: this.#caller.sid,
      status: this.#caller.status,
      agent_call_sid: this.#agent?.sid ?? null,
      said: this.#said,
      recordings: this.#files,
    };
  }

  /** Resolves when the steps have been done, or the call has ended. */
  async play(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (this.over) return;
      if ('press' in step) await this.#caller.press(this.#keys(step.press).slice(0, step.first));
      else if ('wait_ms' in step) await this.#wait(step.wait_ms);
      else {
        this.#caller.speak(murmur(step.talk_ms));
        await this.#wait(step.talk_ms);
      }
    }
  }

  /** Hangs up and writes the two files, once. */
  async end(): Promise<void> {
    this.#stopWaiting();
    this.#caller.hangUp();
    this.#agent?.hangUp();
    if (this.#recordings === null || this.#files !== null || this.#agent === null) return;
    const { dir, encode } = this.#recordings;
    const file = (side: string) => join(dir, `${this.sid}-${side}.wav`);
    const files = { caller_sent: file('caller-sent'), agent_heard: file('agent-heard') };
    this.#files = files;
    await mkdir(dir, { recursive: true });
    await writeFile(files.caller_sent, encode(Buffer.concat(this.#callerSent)), { mode: 0o600 });
    await writeFile(files.agent_heard, encode(Buffer.concat(this.#agentHeard)), { mode: 0o600 });
  }

  /** Ends early when the call does. */
  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        this.#caller.off('status', check);
        resolve();
      };
      const check = () => {
        if (this.over) done();
      };
      const cancel = this.#clock.after(ms, done);
      this.#caller.on('status', check);
    });
  }

  #keys(press: 'number' | 'expiry' | 'code' | '*' | '#'): string {
    return press === '*' || press === '#' ? press : TEST_CARDS[this.#request.card][press];
  }

  #answer(call: PhoneCall): void {
    if (call.with !== this.#request.from && call.with !== this.#request.to) return;
    this.#stopWaiting();
    this.#agent = call;
    this.#clock.after(RINGS_MS, () => call.answer());
    // Both files begin with the agent's first frame, so that they can be laid side by side.
    call.once('audio', () => this.#caller.on('spoken', (frame) => keep(this.#callerSent, frame)));
    call.on('audio', (frame) => keep(this.#agentHeard, frame));
  }
}

function keep(frames: Uint8Array[], frame: Uint8Array): void {
  if (frames.length < MAX_FRAMES) frames.push(frame);
}
