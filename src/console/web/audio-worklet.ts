/** Runs in the audio thread, at 8 kHz. `speaker` plays what is posted to it; `microphone` posts frames of 20 ms. */

declare const registerProcessor: (name: string, processor: new () => AudioWorkletProcessor) => void;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

/** Playing starts, and starts again after it ran dry, with so much in hand: 60 ms hides the jitter of a page. */
const CUSHION = 480;
/** More than 400 ms in hand is delay that nobody wants: the oldest is dropped. */
const MOST = 3200;
const FRAME = 160;

class Speaker extends AudioWorkletProcessor {
  #frames: Float32Array[] = [];
  #held = 0;
  #read = 0;
  #playing = false;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<Float32Array>) => {
      this.#frames.push(data);
      this.#held += data.length;
      while (this.#held > MOST) this.#drop();
    };
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const out = outputs[0]?.[0];
    if (!out) return true;
    if (!this.#playing && this.#held < CUSHION) return true;
    this.#playing = true;
    for (let i = 0; i < out.length; i++) {
      const frame = this.#frames[0];
      if (!frame) {
        this.#playing = false;
        break;
      }
      out[i] = frame[this.#read++] ?? 0;
      if (this.#read === frame.length) this.#drop();
    }
    return true;
  }

  #drop(): void {
    this.#held -= this.#frames.shift()?.length ?? 0;
    this.#read = 0;
  }
}

class Microphone extends AudioWorkletProcessor {
  #frame = new Float32Array(FRAME);
  #filled = 0;

  process(inputs: Float32Array[][]): boolean {
    for (const sample of inputs[0]?.[0] ?? []) {
      this.#frame[this.#filled++] = sample;
      if (this.#filled < FRAME) continue;
      this.port.postMessage(this.#frame);
      this.#filled = 0;
    }
    return true;
  }
}

registerProcessor('speaker', Speaker);
registerProcessor('microphone', Microphone);
