import { EventEmitter } from 'node:events';
import { DEFAULT_PRESS, type PressShape } from './microphone.js';
import { OVER, type CallStatus } from './call-status.js';
import type { Party, SimulatedCall } from './simulated-call.js';
import type { SimulatorSettings } from './simulator-settings.js';

interface PhoneCallEvents {
  /** 20 ms that the party hears. The bytes are the listener's to keep. */
  audio: [frame: Uint8Array];
  /** 20 ms as this party's line carried them, tones included; the listener's to keep. */
  spoken: [frame: Uint8Array];
  /** The carrier speaks (`<Say>`): there is no voice here, only the words. */
  said: [text: string, language: string];
  status: [status: CallStatus];
}

export interface PhoneCallDetails {
  direction: 'incoming' | 'outgoing';
  /** The address at the other end. */
  with: string;
  /** Headers of a `sip:` address that was dialled, such as `X-…`. */
  headers: Readonly<Record<string, string>>;
}

/** One call as its telephone sees it. */
export class PhoneCall extends EventEmitter<PhoneCallEvents> implements Party {
  readonly direction: 'incoming' | 'outgoing';
  readonly with: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly #call: SimulatedCall;
  readonly #pickUp: () => void;

  /** `place` makes the carrier's side of the call; `pickUp` is run when the party answers. */
  constructor(
    details: PhoneCallDetails,
    place: (party: Party) => SimulatedCall,
    pickUp: (call: SimulatedCall) => void = () => {},
  ) {
    super();
    this.direction = details.direction;
    this.with = details.with;
    this.headers = details.headers;
    this.#call = place(this);
    this.#pickUp = () => pickUp(this.#call);
  }

  get sid(): string {
    return this.#call.sid;
  }

  get status(): CallStatus {
    return this.#call.status;
  }

  get over(): boolean {
    return this.#call.over;
  }

  /** Milliseconds of speech that wait to be sent. */
  get unsaidMs(): number {
    return this.#call.microphone.speech.queued / 8;
  }

  answer(): void {
    if (this.direction === 'incoming' && this.status === 'ringing') this.#pickUp();
  }

  decline(): void {
    if (this.direction === 'incoming' && this.status === 'ringing') this.#call.end('busy');
  }

  hangUp(): void {
    if (this.#call.answered) this.#call.end('completed');
    else if (this.direction === 'incoming') this.decline();
    else this.#call.end('no-answer');
  }

  /** Says raw mu-law, in real time, after what is being said. The bytes must not change afterwards. */
  speak(mulaw: Uint8Array): void {
    this.#call.microphone.speech.push(mulaw);
  }

  /** Presses a key until `keyUp`; at least 60 ms of tone, however soon that comes. */
  keyDown(key: string): void {
    if (!this.over) this.#call.microphone.keyDown(key);
  }

  keyUp(): void {
    this.#call.microphone.keyUp();
  }

  /** Presses keys one after the other. Resolves when the last pause is over, or the call is. */
  async press(keys: string, shape: Partial<PressShape> = {}): Promise<void> {
    if (!this.over) await this.#call.microphone.press(keys, { ...DEFAULT_PRESS, ...shape });
  }

  /** Resolves when the call has that status. Rejects when it ends with another. */
  reached(status: CallStatus): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (now: CallStatus) => {
        if (now === status) resolve();
        else if (OVER.has(now)) reject(new Error(`the call ended: ${now}`));
        else return;
        this.off('status', check);
      };
      this.on('status', check);
      check(this.status);
    });
  }

  spoke(frame: Uint8Array): void {
    if (this.listenerCount('spoken') > 0) this.emit('spoken', Uint8Array.from(frame));
  }

  hear(frame: Uint8Array): void {
    if (this.listenerCount('audio') > 0) this.emit('audio', Uint8Array.from(frame));
  }

  said(text: string, language: string): void {
    this.emit('said', text, language);
  }

  statusChanged(status: CallStatus): void {
    this.emit('status', status);
  }
}

/** What a telephone does when it is called: rings until told, answers at once, is busy, or is switched off. */
export type PhonePolicy = 'ring' | 'answer' | 'busy' | 'unreachable';

export interface DialOptions {
  /** Switches of this call alone. */
  settings?: Partial<SimulatorSettings>;
  /** Headers that a SIP telephone sends along: `X-…`. */
  headers?: Readonly<Record<string, string>>;
}

/** A telephone at an address. */
export class Phone {
  readonly address: string;
  policy: PhonePolicy = 'ring';
  /** Calls at a time; one more finds it busy. */
  lines = Infinity;
  /** Switches of the calls that reach it. */
  settings: Partial<SimulatorSettings> = {};
  readonly calls = new Set<PhoneCall>();
  readonly #dial: (phone: Phone, to: string, options: DialOptions) => PhoneCall;
  readonly #listeners = new Set<(call: PhoneCall) => void>();

  constructor(address: string, dial: (phone: Phone, to: string, options: DialOptions) => PhoneCall) {
    this.address = address;
    this.#dial = dial;
  }

  /** Calls `listener` with every call that rings here, until the returned function is called. */
  onRing(listener: (call: PhoneCall) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls a number of the account. */
  call(to: string, options: DialOptions = {}): PhoneCall {
    return this.#keep(this.#dial(this, to, options));
  }

  /** The carrier has a call for this telephone, which can take it. */
  ringFor(call: PhoneCall): void {
    this.#keep(call);
    for (const listener of this.#listeners) listener(call);
    if (this.policy === 'answer') call.answer();
  }

  #keep(call: PhoneCall): PhoneCall {
    if (call.over) return call;
    this.calls.add(call);
    call.on('status', (status) => {
      if (OVER.has(status)) this.calls.delete(call);
    });
    return call;
  }
}
