import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { PhoneCall } from '../../src/carrier/simulated/phone.js';
import { Guard } from '../../src/dsp/guard.js';
import { MULAW_SILENCE, SAMPLE_RATE } from '../../src/dsp/mulaw.js';
import { loadPrompts } from '../../src/flow/prompts.js';
import { findPrompt } from '../support/heard-prompt.js';
import { Random } from '../support/random.js';
import { over, startService, until, type Service } from '../support/service.js';
import { stillTalk } from '../support/talking.js';

const FRAME = 160;
const ALARM = 'a key was heard behind the guard: muted';
/** All that this line has: nothing of the key. */
const LOGGED = ['call', 'capture', 'level', 'msg', 'reason', 'time'];

/** What a party hears, and says, from now on. */
function recorded(call: PhoneCall): { heard: () => Buffer; spoken: () => Buffer } {
  const [heard, spoken]: [Uint8Array[], Uint8Array[]] = [[], []];
  call.on('audio', (frame) => void heard.push(frame));
  call.on('spoken', (frame) => void spoken.push(frame));
  return { heard: () => Buffer.concat(heard), spoken: () => Buffer.concat(spoken) };
}

/** The guard finds keys as ever, and lets all of the caller through. */
function openTheGuard(): void {
  const whole = Object.getOwnPropertyDescriptor(Guard.prototype, 'process')?.value as Guard['process'];
  jest.spyOn(Guard.prototype, 'process').mockImplementation(function (this: Guard, input, output) {
    whole.call(this, input, output);
    output.set(input);
  });
}

/** Every piece of audio makes the guard fail. */
function breakTheGuard(): void {
  let faults = 0;
  jest.spyOn(Guard.prototype, 'process').mockImplementation((_, output) => {
    faults++;
    output.fill(MULAW_SILENCE);
  });
  jest.spyOn(Guard.prototype, 'faults', 'get').mockImplementation(() => faults);
}

async function counted(service: Service, name: string): Promise<number> {
  const values = (await service.metrics.registry.getSingleMetric(name)?.get())?.values ?? [];
  return values.reduce((sum, { value }) => sum + value, 0);
}

describe('when the guard fails', () => {
  let service: Service;

  beforeAll(async () => {
    service = await startService();
  });
  afterEach(() => void jest.restoreAllMocks());
  afterAll(() => service.stop());

  it('a key that gets through ends the capture, mutes the agent and is told to both; then they talk again', async () => {
    const { caller, agent } = await service.talk();
    const capture = await service.arm(caller);
    const [ofCaller, ofAgent] = [recorded(caller), recorded(agent)];
    const prompt = (await loadPrompts('ivr-flows/prompts')).en.guard_alarm;
    openTheGuard();
    await caller.press('4', { onMs: 200, offMs: 60 });
    const failed = await service.captureWhen(capture.id, over);
    jest.restoreAllMocks();
    expect(failed).toMatchObject({ status: 'failed', reason: 'guard_alarm', token: null, card: null });
    const { data } = await service.crm.event(
      'capture.failed',
      (event) => event.data['capture_id'] === capture.id,
    );
    expect(data).toMatchObject({ reason: 'guard_alarm', call_sid: caller.sid });

    const told = [ofCaller, ofAgent];
    await until(() => told.every(({ heard }) => findPrompt(heard(), prompt) >= 0), 30_000);
    const [heard, spoken] = [ofAgent.heard(), ofCaller.spoken()];
    const tone = spoken.findIndex((sample) => sample !== MULAW_SILENCE);
    expect(longestOf(heard, spoken.subarray(tone, tone + 200 * 8))).toBeLessThanOrEqual(40 * 8);

    await stillTalk(caller, agent, new Random(1));
    await stillTalk(agent, caller, new Random(2));

    expect(await counted(service, 'tonewall_guard_alarms_total')).toBe(1);
    const { call_id } = capture;
    expect(service.logged(ALARM)).toMatchObject([
      { level: 50, call: call_id, capture: capture.id, reason: 'guard_alarm' },
    ]);
    expect(Object.keys(service.logged(ALARM)[0] ?? {}).toSorted()).toEqual(LOGGED);
    const again = await service.arm(caller);
    expect(again.status).toBe('collecting');
    caller.hangUp();
    await service.captureWhen(again.id, over);
  }, 90_000);

  it('a silence of 2 s is told to the agent, and not to the caller', async () => {
    const { caller, agent } = await service.talk();
    const prompt = (await loadPrompts('ivr-flows/prompts')).en.sound_interrupted;
    const [ofCaller, ofAgent] = [recorded(caller), recorded(agent)];
    breakTheGuard();
    await until(() => findPrompt(ofAgent.heard(), prompt) >= 0, 30_000);
    jest.restoreAllMocks();
    const before = findPrompt(ofAgent.heard(), prompt);
    expect(Math.abs(before - 2 * SAMPLE_RATE)).toBeLessThan(25 * FRAME);
    expect(findPrompt(ofCaller.heard(), prompt)).toBe(-1);
    await stillTalk(caller, agent, new Random(3));
    expect(await counted(service, 'tonewall_silences_announced_total')).toBe(1);
    expect(service.logged('a party heard nothing for 2 s: it was told')).toHaveLength(1);
    caller.hangUp();
  }, 90_000);
});

/** The longest piece of a tone that was heard, in samples. */
function longestOf(heard: Buffer, tone: Buffer): number {
  let longest = 0;
  for (let from = 0; from < tone.length; from++) {
    while (from + longest < tone.length && heard.includes(tone.subarray(from, from + longest + 1))) longest++;
  }
  return longest;
}
