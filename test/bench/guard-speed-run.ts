import { Session } from 'node:inspector/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Guard } from '../../src/dsp/guard.js';
import { SAMPLE_RATE } from '../../src/dsp/mulaw.js';
import { keyedSpeech } from './keyed-speech.js';

/**
 * A process that does nothing but guard a call's audio, frame by frame, and tells its parent what that took. Started
 * by `guard-speed.ts`; its argument is the audio, in s, that each measurement runs over.
 */

export interface SpeedRun {
  /** Of audio, in a second of CPU. */
  readonly seconds: number;
  /** µs for a frame of 20 ms. */
  readonly frame: { readonly median: number; readonly p99: number; readonly most: number };
  /** Bytes that one frame adds to the heap, collected or not. */
  readonly allocated: number;
  /** Bytes that stay after a collection, over the whole run. */
  readonly kept: number;
  /** When all was warm and when the run was over, ms since the process began. */
  readonly steady: { readonly from: number; readonly to: number };
  /** Shares of the CPU by source file, the most first. */
  readonly stages: readonly (readonly [file: string, share: number])[];
}

const FRAME = 160;

const audioSeconds = Number(process.argv[2]);
const mulaw = keyedSpeech();
const output = new Uint8Array(FRAME);
const guard: Guard = new Guard({ holdMs: 20 }, { press: () => guard.beep() });
const frames = Array.from({ length: Math.floor(mulaw.length / FRAME) }, (_, n) =>
  mulaw.subarray(n * FRAME, (n + 1) * FRAME),
);
const framesWanted = Math.ceil((audioSeconds * SAMPLE_RATE) / FRAME);
/** Until all is compiled for good, with room: 100 min of audio. */
const WARM_UP = 300_000;

function run(count = framesWanted): void {
  let left = count;
  for (;;) {
    for (const frame of frames) {
      if (left-- === 0) return;
      guard.process(frame, output);
    }
  }
}

const collect = (globalThis as { gc?: () => void }).gc ?? (() => undefined);

function speed(): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return audioSeconds / ((user + system) / 1e6);
}

function frameTimes(): SpeedRun['frame'] {
  const times = new Float64Array(framesWanted);
  let n = 0;
  while (n < framesWanted) {
    for (const frame of frames) {
      if (n === framesWanted) break;
      const before = performance.now();
      guard.process(frame, output);
      times[n++] = 1000 * (performance.now() - before);
    }
  }
  times.sort();
  const at = (share: number): number => times[Math.floor(share * (times.length - 1))] ?? Number.NaN;
  return { median: at(0.5), p99: at(0.99), most: at(1) };
}

/** Over a stretch so short that no collection falls into it. */
function heap(): Pick<SpeedRun, 'allocated' | 'kept'> {
  run();
  collect();
  const before = process.memoryUsage().heapUsed;
  for (const frame of frames) guard.process(frame, output);
  const allocated = (process.memoryUsage().heapUsed - before) / frames.length;
  run();
  collect();
  return { allocated, kept: process.memoryUsage().heapUsed - before };
}

async function stages(): Promise<SpeedRun['stages']> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  run();
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  const fileOf = new Map(profile.nodes.map(({ id, callFrame }) => [id, basename(callFrame.url)]));
  const times = new Map<string, number>();
  let all = 0;
  profile.samples?.forEach((id, n) => {
    const time = profile.timeDeltas?.[n] ?? 0;
    const file = fileOf.get(id) ?? '';
    times.set(file, (times.get(file) ?? 0) + time);
    all += time;
  });
  return [...times]
    .filter(([file]) => file.endsWith('.ts') && file !== 'guard-speed-run.ts')
    .map(([file, time]) => [file, time / all] as const)
    .toSorted(([, a], [, b]) => b - a);
}

run(WARM_UP);
// What V8's own log calls the same time may be some ms earlier.
await sleep(100);
const from = performance.now();
await sleep(100);
const seconds = speed();
const frame = frameTimes();
const { allocated, kept } = heap();
const to = performance.now();
const result: SpeedRun = { seconds, frame, allocated, kept, steady: { from, to }, stages: await stages() };
process.send?.(result);
process.disconnect?.();
