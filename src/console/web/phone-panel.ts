import { MULAW_DECODE } from '../../dsp/mulaw.js';
import { Softphone, type PhoneState } from './softphone.js';
import { SoundView, loudness } from './sound-view.js';
import { TelephoneAudio } from './telephone-audio.js';

/** State of a telephone on a page: the line, the sound, the last sentence that was spoken. */
export class PhonePanel {
  state: PhoneState = 'off';
  other: string | null = null;
  said: { text: string; language: string } | null = null;
  microphoneRefused = false;
  /** Loudness of the last frame, 0 to 1. */
  level = 0;

  readonly line: Softphone;
  readonly #audio = new TelephoneAudio();
  readonly #samples = new Int16Array(160);
  readonly #changed: () => void;
  #view: SoundView | null = null;

  constructor(url: string, changed: () => void) {
    this.#changed = changed;
    this.line = new Softphone(url, {
      state: (state, other) => {
        if (state === 'dialing' || state === 'ringing') this.said = null;
        if (state !== 'talking') this.level = 0;
        this.state = state;
        this.other = other;
        changed();
      },
      said: (text, language) => {
        this.said = { text, language };
        changed();
      },
      audio: (frame) => {
        this.#audio.play(frame);
        this.#view?.draw(frame);
        this.level = this.#loudness(frame);
      },
    });
  }

  get inCall(): boolean {
    return this.state === 'talking' || this.state === 'dialing' || this.state === 'ringing';
  }

  get listening(): boolean {
    return this.#audio.listening;
  }

  drawOn(view: Element | null): void {
    this.#view = view instanceof SoundView ? view : null;
  }

  call(to: string): void {
    void this.#audio.start();
    this.line.call(to);
  }

  answer(): void {
    void this.#audio.start();
    this.line.answer();
  }

  async useMicrophone(on: boolean): Promise<void> {
    this.microphoneRefused = false;
    if (!on) this.#audio.stopListening();
    else {
      try {
        await this.#audio.listen((frame) => this.line.speak(frame));
      } catch {
        this.microphoneRefused = true;
      }
    }
    this.#changed();
  }

  #loudness(frame: Uint8Array): number {
    for (let i = 0; i < this.#samples.length; i++) this.#samples[i] = MULAW_DECODE[frame[i] ?? 0xff] ?? 0;
    return loudness(this.#samples);
  }
}
