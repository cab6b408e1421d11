import { parseArgs } from 'node:util';
import type { PhoneCall } from '../../src/carrier/simulated/phone.js';
import { Playback } from '../../src/carrier/simulated/playback.js';
import type { CaptureView } from '../../src/capture/view.js';
import { systemClock, type Clock } from '../../src/clock.js';
import { MULAW_SILENCE } from '../../src/dsp/mulaw.js';
import { loadPrompts } from '../../src/flow/prompts.js';
import { startProvider } from '../support/provider.js';
import {
  AGENT,
  API_KEY,
  over,
  SERVICE_NUMBER,
  startService,
  until,
  type Service,
} from '../support/service.js';
import { Progress } from './progress.js';

/**
 * How long after the caller let go of the last key the outcome of a charge is heard by both, and shown: the whole
 * service in this process, with a provider on a port of its own that takes a known time. What is measured is what
 * comes on top of it, where the carrier receives it.
 */

/** What the provider takes. */
const PROVIDER_MS = 400;
const FRAME = 160;
const FRAME_MS = 20;
/** A prompt begins with a tenth of a second of silence: its first frame that can be told from another is this one. */
const TOLD_BY = 8;
const AT_ONCE = { onMs: 60, offMs: 60 };
/** As people key. */
const BY_HAND = { onMs: 100, offMs: 150 };
/** Fast keys are ahead of their beeps, which have to be heard first. */
const BEEPS_MS = 1_500;

const { values } = parseArgs({
  options: { captures: { type: 'string', default: '100' }, lines: { type: 'string', default: '4' } },
});
const captures = Number(values.captures);
const lines = Math.min(captures, Number(values.lines));

/** Everything that the provider does slowly takes the known time. */
const clock: Clock = { ...systemClock, after: (_ms, task) => systemClock.after(PROVIDER_MS, task) };
const provider = await startProvider({ clock });
const service = await startService({ env: provider.env });
provider.tell(service.url);
const told = (await loadPrompts('ivr-flows/prompts')).en.charge_approved;
const mark = Buffer.from(told.subarray(TOLD_BY * FRAME, (TOLD_BY + 1) * FRAME));

/** When the marked frame came to each line, in the order in which it came. */
const arrivals = new Map<Playback, number>();
const push = Object.getOwnPropertyDescriptor(Playback.prototype, 'push')?.value as Playback['push'];
Playback.prototype.push = function (this: Playback, audio) {
  if (mark.equals(audio)) arrivals.set(this, performance.now() - TOLD_BY * FRAME_MS);
  return push.call(this, audio);
};

const progress = new Progress();
const heard: number[] = [];
const shown: number[] = [];
let begun = 0;
// One line at a time is at its outcome, so that what arrives is its own.
let turn: Promise<void> = Promise.resolve();
await Promise.all(
  Array.from({ length: lines }, (_, line) => play(`+3363998${String(line).padStart(4, '0')}`)),
);
await service.stop();
await provider.close();
progress.clear();
report('heard by both', heard);
report('shown', shown);

async function play(number: string): Promise<void> {
  const { caller } = await talk(number);
  while (begun++ < captures) {
    progress.say(`${heard.length} of ${captures} captures`);
    const money = { outcome: 'charge', amount: 1250, currency: 'EUR' };
    const { id } = await service.arm(caller, money);
    for (const keys of ['4242424242424242', '1234', '12']) await caller.press(keys, AT_ONCE);
    await new Promise((resolve) => setTimeout(resolve, BEEPS_MS));
    const before = turn;
    let done = (): void => {};
    turn = new Promise((resolve) => (done = resolve));
    await before;
    await measure(caller, id);
    done();
  }
  caller.hangUp();
}

/** Keys the last digit, and takes the times. */
async function measure(caller: PhoneCall, id: string): Promise<void> {
  arrivals.clear();
  let released = 0;
  const listen = (frame: Uint8Array): void => {
    if (frame.some((sample) => sample !== MULAW_SILENCE)) released = performance.now();
  };
  caller.on('spoken', listen);
  provider.server.faults.next('slow', { verb: 'authorize' });
  const seen = completion(service, id);
  await caller.press('3', BY_HAND);
  await seen;
  await until(() => arrivals.size === 2);
  caller.off('spoken', listen);
  heard.push(Math.max(...arrivals.values()) - released - PROVIDER_MS);
  shown.push((await seen) - released - PROVIDER_MS);
}

/** When the event came that shows the capture as completed. */
async function completion({ url }: Service, id: string): Promise<number> {
  const headers = { authorization: `Bearer ${API_KEY}` };
  const answer = await fetch(`${url}/v1/captures/${id}/events`, { headers });
  let text = '';
  for await (const chunk of answer.body ?? []) {
    text += Buffer.from(chunk as Uint8Array).toString();
    const events = [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => data);
    const latest = events.at(-1);
    if (latest === undefined || !text.endsWith('\n\n')) continue;
    if (over(JSON.parse(latest) as CaptureView)) return performance.now();
  }
  throw new Error('the stream ended before the capture');
}

async function talk(number: string): Promise<{ caller: PhoneCall; agent: PhoneCall }> {
  service.carrier.phone(number);
  const rung = new Promise<PhoneCall>((resolve) => {
    const stop = service.carrier.phone(AGENT).onRing((call) => {
      // To a SIP address the service dials with the caller's own number.
      if (call.with !== number) return;
      stop();
      resolve(call);
    });
  });
  const caller = service.carrier.phone(number).call(SERVICE_NUMBER);
  const agent = await rung;
  await until(async () => (await service.call(caller.sid)).status === 'live');
  return { caller, agent };
}

function report(what: string, times: readonly number[]): void {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    `${(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN).toFixed(0)} ms`;
  const figures = `median ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, most ${at(1)}`;
  console.log(
    `${what.padEnd(14)} ${figures} above the provider's ${PROVIDER_MS} ms (${times.length} charges)`,
  );
}
