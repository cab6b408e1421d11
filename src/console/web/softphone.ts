export type PhoneState = 'off' | 'idle' | 'dialing' | 'ringing' | 'talking' | 'ended' | 'replaced';

export interface SoftphoneListener {
  state(state: PhoneState, other: string | null): void;
  /** A sentence that the carrier spoke to this party. */
  said(text: string, language: string): void;
  /** 20 ms of what this party hears: 160 bytes of µ-law. */
  audio(frame: Uint8Array): void;
}

/** Sent by the carrier when another window took the same phone over. */
const TAKEN_OVER = 4001;
const RETRY_MS = 2000;

/** A telephone of the simulated carrier, in the browser: `/simulator/phones/{address}`. */
export class Softphone {
  readonly #url: string;
  readonly #listener: SoftphoneListener;
  #socket: WebSocket;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(url: string, listener: SoftphoneListener) {
    this.#url = url;
    this.#listener = listener;
    this.#socket = this.#connect();
  }

  call(to: string): void {
    this.#send({ type: 'call', to });
  }

  answer(): void {
    this.#send({ type: 'answer' });
  }

  decline(): void {
    this.#send({ type: 'decline' });
  }

  hangUp(): void {
    this.#send({ type: 'hang_up' });
  }

  keyDown(key: string): void {
    this.#send({ type: 'key_down', key });
  }

  keyUp(): void {
    this.#send({ type: 'key_up' });
  }

  /** 160 bytes of µ-law from the microphone. */
  speak(frame: Uint8Array<ArrayBuffer>): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(frame);
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#socket.onclose = null;
    this.#socket.close();
  }

  #connect(): WebSocket {
    const socket = new WebSocket(this.#url);
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data === 'string') this.#told(JSON.parse(data) as Told);
      else this.#listener.audio(new Uint8Array(data));
    };
    socket.onclose = ({ code }) => {
      if (code === TAKEN_OVER) {
        this.#listener.state('replaced', null);
        return;
      }
      this.#listener.state('off', null);
      this.#retry = setTimeout(() => (this.#socket = this.#connect()), RETRY_MS);
    };
    return socket;
  }

  #told(told: Told): void {
    if (told.type === 'state') this.#listener.state(told.state, told.with ?? null);
    if (told.type === 'said') this.#listener.said(told.text, told.language);
  }

  #send(command: object): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(command));
  }
}

type Told =
  | { type: 'state'; state: PhoneState; with?: string | null }
  | { type: 'said'; text: string; language: string };
