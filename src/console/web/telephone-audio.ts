import { MULAW_DECODE, SAMPLE_RATE, mulawEncode } from '../../dsp/mulaw.js';
import workletUrl from './audio-worklet.ts?worker&url';

const FULL_SCALE = 32_768;

/** Loudspeaker and microphone of a browser telephone. Browsers allow sound only after a click: `start` from one. */
export class TelephoneAudio {
  #context: AudioContext | undefined;
  #speaker: AudioWorkletNode | undefined;
  #microphone: MediaStream | undefined;

  /** Idempotent. Without a sound device the page stays silent and works. */
  async start(): Promise<void> {
    if (this.#context) return;
    this.#context = new AudioContext({ sampleRate: SAMPLE_RATE, latencyHint: 'interactive' });
    await this.#context.audioWorklet.addModule(workletUrl);
    this.#speaker = new AudioWorkletNode(this.#context, 'speaker', { numberOfInputs: 0 });
    this.#speaker.connect(this.#context.destination);
  }

  /** One frame of µ-law. Dropped until `start` is done. */
  play(frame: Uint8Array): void {
    if (this.#context?.state !== 'running') return;
    const samples = Float32Array.from(frame, (byte) => (MULAW_DECODE[byte] ?? 0) / FULL_SCALE);
    this.#speaker?.port.postMessage(samples, [samples.buffer]);
  }

  get listening(): boolean {
    return this.#microphone !== undefined;
  }

  /** Rejects when the browser or the person says no. */
  async listen(heard: (frame: Uint8Array<ArrayBuffer>) => void): Promise<void> {
    await this.start();
    if (!this.#context || this.#microphone) return;
    this.#microphone = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, channelCount: 1 },
    });
    const node = new AudioWorkletNode(this.#context, 'microphone', { numberOfOutputs: 0 });
    node.port.onmessage = ({ data }: MessageEvent<Float32Array>) =>
      heard(Uint8Array.from(data, (sample) => mulawEncode(sample * FULL_SCALE)));
    this.#context.createMediaStreamSource(this.#microphone).connect(node);
  }

  stopListening(): void {
    for (const track of this.#microphone?.getTracks() ?? []) track.stop();
    this.#microphone = undefined;
  }
}
