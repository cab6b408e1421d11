import type { RawData, WebSocket } from 'ws';
import { z } from 'zod';
import type { Clock } from '../../clock.js';
import type { Phone, PhoneCall } from './phone.js';

const commandSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('call'), to: z.string().max(200) }),
  z.object({ type: z.literal('answer') }),
  z.object({ type: z.literal('decline') }),
  z.object({ type: z.literal('hang_up') }),
  z.object({ type: z.literal('key_down'), key: z.string().regex(/^[0-9*#A-D]$/) }),
  z.object({ type: z.literal('key_up') }),
]);

type Command = z.infer<typeof commandSchema>;

/** A page that hears too slowly misses audio beyond this. */
const MAX_UNSENT_BYTES = 64 * 1024;
/** Microphone audio that may wait; more would only be delay. */
const MAX_UNSAID_MS = 200;
/** A page that is gone may be back (a reload) before its call is hung up. */
const GRACE_MS = 5000;
/** WebSocket close code of ours: another page has taken the telephone. */
const REPLACED = 4001;

/** A telephone in a web page: its keys, its ear and its mouth over one WebSocket. */
export class Softphone {
  readonly #phone: Phone;
  readonly #clock: Clock;
  readonly #onGone: () => void;
  readonly #linesBefore: number;
  readonly #stopListening: () => void;
  #socket: WebSocket;
  #call: PhoneCall | null = null;
  #giveUp: (() => void) | null = null;

  constructor(phone: Phone, socket: WebSocket, clock: Clock, onGone: () => void) {
    this.#phone = phone;
    this.#clock = clock;
    this.#onGone = onGone;
    this.#linesBefore = phone.lines;
    phone.lines = 1;
    this.#socket = socket;
    this.#stopListening = phone.onRing((call) => this.#adopt(call));
    this.#serve(socket);
  }

  /** The last page that opens the telephone has it. */
  replace(socket: WebSocket): void {
    const before = this.#socket;
    this.#socket = socket;
    if (before.readyState === before.OPEN) {
      before.send(JSON.stringify({ type: 'replaced' }));
      before.close(REPLACED, 'the telephone was opened in another page');
    }
    this.#giveUp?.();
    this.#giveUp = null;
    this.#call?.keyUp();
    this.#serve(socket);
  }

  close(): void {
    this.#giveUp?.();
    this.#stopListening();
    this.#phone.lines = this.#linesBefore;
    this.#socket.removeAllListeners('close');
    this.#socket.terminate();
  }

  #serve(socket: WebSocket): void {
    socket.on('message', (data, isBinary) => {
      if (socket === this.#socket) this.#receive(data, isBinary);
    });
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      if (socket === this.#socket) this.#left();
    });
    const live = this.#call ?? [...this.#phone.calls].at(-1) ?? null;
    if (live !== null && !live.over) this.#adopt(live);
    else this.#tellState(null);
  }

  #left(): void {
    this.#call?.keyUp();
    this.#giveUp = this.#clock.after(GRACE_MS, () => {
      this.#call?.hangUp();
      this.close();
      this.#onGone();
    });
  }

  #adopt(call: PhoneCall): void {
    if (call !== this.#call) {
      this.#call = call;
      call.on('status', () => this.#tellState(call));
      call.on('said', (text, language) => this.#tell({ type: 'said', text, language }));
      call.on('audio', (frame) => this.#play(frame));
    }
    this.#tellState(call);
  }

  #receive(data: RawData, isBinary: boolean): void {
    const bytes = data as Buffer;
    if (isBinary) {
      const call = this.#call;
      if (call !== null && call.unsaidMs < MAX_UNSAID_MS) call.speak(Uint8Array.from(bytes));
      return;
    }
    const command = readCommand(bytes);
    if (command === null) this.#tell({ type: 'error', message: 'not a command of the softphone protocol' });
    else this.#obey(command);
  }

  #obey(command: Command): void {
    const call = this.#call;
    const live = call !== null && !call.over;
    switch (command.type) {
      case 'call':
        if (live) this.#tell({ type: 'error', message: 'a call is up already: hang up first' });
        else this.#adopt(this.#phone.call(command.to));
        return;
      case 'answer':
        call?.answer();
        return;
      case 'decline':
        call?.decline();
        return;
      case 'hang_up':
        call?.hangUp();
        return;
      case 'key_down':
        call?.keyDown(command.key);
        return;
      case 'key_up':
        call?.keyUp();
        return;
    }
  }

  #tellState(call: PhoneCall | null): void {
    this.#tell({
      type: 'state',
      state: call === null ? 'idle' : stateOf(call),
      call_sid: call?.sid ?? null,
      with: call?.with ?? null,
    });
  }

  #tell(message: Readonly<Record<string, unknown>>): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #play(frame: Uint8Array): void {
    const socket = this.#socket;
    if (socket.readyState === socket.OPEN && socket.bufferedAmount < MAX_UNSENT_BYTES) socket.send(frame);
  }
}

function stateOf(call: PhoneCall): 'ringing' | 'dialing' | 'talking' | 'ended' {
  if (call.over) return 'ended';
  if (call.status === 'in-progress') return 'talking';
  return call.direction === 'incoming' ? 'ringing' : 'dialing';
}

function readCommand(data: Buffer): Command | null {
  try {
    return commandSchema.parse(JSON.parse(data.toString('utf8')));
  } catch {
    return null;
  }
}
