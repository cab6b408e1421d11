import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PhoneCall } from '../../src/carrier/simulated/phone.js';
import type { CaptureView } from '../../src/capture/view.js';
import type { SimulatorSettings } from '../../src/carrier/simulated/simulator-settings.js';
import { beeps, guessed, presses } from '../leak/agent-audio.js';
import { record } from '../support/carrier.js';
import { AGENT, SERVICE_NUMBER, over, startService, until, type Service } from '../support/service.js';

const CARD = '4000056655665556';
const EXPIRY = '1140';
const PRESS = { onMs: 100, offMs: 100 };
/** Keys are dropped after a failed field until a second has passed without one. */
const PAUSE_MS = 1_500;
/** What luck gives a listener who knows the tones stays under this; the keys themselves give all. */
const LUCK = 0.5;

const LINES: readonly { line: string; settings: Partial<SimulatorSettings> }[] = [
  { line: 'tones, one frame in fifty lost', settings: { events: 'absent', lossPercent: 2 } },
  { line: 'tones, one frame in twenty lost', settings: { events: 'absent', lossPercent: 5 } },
  {
    line: 'tones, frames late and doubled',
    settings: { events: 'absent', latePercent: 10, doubledPercent: 10 },
  },
  {
    line: 'tones and events, frames lost, late and doubled',
    settings: { lossPercent: 10, latePercent: 5, doubledPercent: 5 },
  },
];

interface Played {
  readonly line: string;
  readonly capture: CaptureView;
  readonly spoken: Buffer;
  readonly heard: Buffer;
}

/** A caller who keys a card, looks whether the agent has it, and keys it again where not. */
async function play(
  service: Service,
  number: string,
  { line, settings }: (typeof LINES)[number],
): Promise<Played> {
  const rung = agentOf(service, number);
  const caller = service.carrier.phone(number).call(SERVICE_NUMBER, { settings });
  const agent = await rung;
  await until(async () => (await service.call(caller.sid)).status === 'live');
  const [spoken, heard] = [record(caller, 'spoken'), record(agent)];
  const { id } = await service.arm(caller);
  let capture = await service.capture(id);
  for (let tries = 0; tries < 12 && !over(capture); tries++) {
    const field = capture.fields.find(({ name }) => name === capture.current_field);
    await caller.press(
      `${field?.digits_entered === 0 ? '' : '*'}${field?.name === 'expiration-date' ? EXPIRY : CARD}`,
      PRESS,
    );
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    capture = await service.capture(id);
  }
  caller.hangUp();
  return { line, capture, spoken: spoken.bytes(), heard: heard.bytes() };
}

/** The agent's call that rings for this caller: the service dials with the caller's own number. */
function agentOf(service: Service, number: string): Promise<PhoneCall> {
  return new Promise((resolve) => {
    const stop = service.carrier.phone(AGENT).onRing((call) => {
      if (call.with !== number) return;
      stop();
      resolve(call);
    });
  });
}

describe('a card keyed over a line that loses frames', () => {
  let service: Service;
  let played: Played[];

  beforeAll(async () => {
    service = await startService();
    played = await Promise.all(LINES.map((line, n) => play(service, `+3363998010${n}`, line)));
  }, 120_000);
  afterAll(() => service.stop());

  function playedOn(line: string): Played {
    const call = played.find((one) => one.line === line);
    if (call === undefined) throw new RangeError('no call was on such a line');
    return call;
  }

  it.each(LINES)('becomes the right token: $line', ({ line }) => {
    const { capture } = playedOn(line);
    expect(capture).toMatchObject({
      status: 'completed',
      card: { brand: 'visa', bin: '400005', last4: '5556', exp_month: 11, exp_year: 2040 },
    });
  });

  it('becomes the same card on every line', async () => {
    const tokens = await Promise.all(
      played.map(({ capture }) => service.api('GET', `/v1/tokens/${capture.token}`)),
    );
    expect(new Set(tokens.map(({ body }) => (body as { fingerprint: string }).fingerprint)).size).toBe(1);
  });

  it.each(LINES)('is not heard by the agent: $line', ({ line }) => {
    const { spoken, heard } = playedOn(line);
    const pressed = presses(spoken);
    expect(pressed.length).toBeGreaterThanOrEqual(20);
    expect(guessed(pressed, spoken)).toBeGreaterThan(0.9);
    expect(beeps(heard).starts.length).toBeGreaterThan(10);
    expect(presses(heard)).toEqual([]);
    expect(guessed(pressed, heard)).toBeLessThan(LUCK);
  });
});
