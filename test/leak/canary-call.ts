import type { PhoneCall } from '../../src/carrier/simulated/phone.js';
import type { SimulatorSettings } from '../../src/carrier/simulated/simulator-settings.js';
import type { CaptureView, LinkView } from '../../src/capture/view.js';
import { record } from '../support/carrier.js';
import { canaryCode, canaryNumber } from '../support/needles.js';
import { payOnPage } from '../support/payer.js';
import type { Program } from '../support/program.js';
import { over, until } from '../support/service.js';

/** 60 ms of tone, 60 ms of pause. */
const FAST = { onMs: 60, offMs: 60 };
/** A machine with much else to do may be late. */
const PATIENCE_MS = 30_000;
/** Samples: fingers are faster than beeps, which end so much later. */
const BEEPS_BEHIND = 4 * 8000;

const EXPIRY = [1, 1, 4, 0];
/** An amount for which the simulated provider repeats the card in its error; see its `scenarios.ts`. */
const ECHO = 990_030;

export interface CanaryCall {
  /**
   * Every number that the caller keyed, typed on a payment page, or that somebody typed where none belongs, and every
   * code behind the date with which it was keyed, for it is too short to be looked for alone; bytes 0–9.
   */
  readonly canaries: readonly Uint8Array[];
  /** Keys pressed, as the caller pressed them. */
  readonly keys: string;
  readonly capture: CaptureView;
  /** Two cards that were charged: one that is good, and one that the provider repeats in its error. */
  readonly charged: CaptureView;
  readonly echoed: CaptureView;
  /** One that was typed on a payment page, and is kept. */
  readonly linked: CaptureView;
  /**
   * Where in `heard` the captures after the first were armed. Before each stands a prompt, paced by the agent's own
   * line: beeps lie on one grid between two of them.
   */
  readonly armedAt: readonly number[];
  /** The caller's line, tones included, and what the service sent to the agent for it. */
  readonly spoken: () => Buffer;
  readonly heard: () => Buffer;
}

/** A caller and an agent who talk; `play` keys a whole capture with cards that exist nowhere else. */
export async function beginCanaryCall(
  program: Program,
  number: string,
  settings: Partial<SimulatorSettings>,
): Promise<{ play: () => Promise<CanaryCall> }> {
  const { connections } = program.taps.carrier;
  const before = connections.length;
  const { caller, agent } = await program.talk(number, settings);
  const spoken = record(caller, 'spoken');
  // Of two media sockets the caller's is opened first. Its bytes are exact, where a telephone's playback may stutter.
  const [, agentSocket] = connections.slice(before).filter(({ bytes }) => isMediaSocket(bytes()));
  if (agentSocket === undefined) throw new Error('the agent has no media socket');
  const joined = audioOf(agentSocket.bytes()).length;
  const heard = () => audioOf(agentSocket.bytes()).subarray(joined);
  const beepsOver = async () => {
    const { length } = heard();
    await until(() => heard().length > length + BEEPS_BEHIND, PATIENCE_MS);
  };
  return {
    play: async () => ({
      ...(await play(program, caller, agent, heard, beepsOver)),
      ...{ spoken: spoken.bytes, heard },
    }),
  };
}

async function play(
  program: Program,
  caller: PhoneCall,
  agent: PhoneCall,
  heard: () => Buffer,
  beepsOver: () => Promise<void>,
): Promise<Omit<CanaryCall, 'spoken' | 'heard'>> {
  const early = canaryNumber('424242');
  const wrong = wrongCheckDigit(canaryNumber('555555'));
  const good = canaryNumber('411111');
  const typed = canaryNumber('400000');
  const paid = canaryNumber('378282', 15);
  const echoed = canaryNumber('222300');
  const onPage = canaryNumber('520082');
  const [paidCode, echoedCode] = [canaryCode(4), canaryCode(3)];
  let keys = '';
  const press = async (more: string) => {
    keys += more;
    await caller.press(more, FAST);
  };
  const capture = async (id: string) => (await program.api<CaptureView>('GET', `/v1/captures/${id}`)).body;

  caller.speak(ramp());
  agent.speak(ramp());
  await press(early.subarray(0, 12).join(''));
  await until(async () => {
    const { body } = await program.api('GET', `/v1/calls/${caller.sid}`);
    return body['keys_before_capture'] === 12;
  }, PATIENCE_MS);

  const { id } = await arm(program, {
    call: agent.sid,
    reference: 'order 7 of Lyon',
    metadata: { shop: 'Lyon', seat: '12' },
    agent: 'Anna',
  });
  await program.follow(`/v1/captures/${id}/events`);
  await nonsense(program, typed, caller.sid);

  await press(`${good.subarray(0, 11).join('')}*`);
  await press(wrong.join(''));
  await until(async () => (await capture(id)).fields[0]?.attempt === 2, PATIENCE_MS);
  // Keys are dropped until a second has passed without one.
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  await press(good.join(''));
  await until(async () => (await capture(id)).current_field === 'expiration-date', PATIENCE_MS);
  await press(EXPIRY.join(''));
  await until(async () => (await capture(id)).status === 'completed', PATIENCE_MS);
  const completed = await capture(id);

  await program.crm.event('capture.completed', ({ data }) => data['capture_id'] === id);
  const armedAt: number[] = [];
  /** Arms a capture that charges, keys card and code, and waits for its end. */
  const charge = async (amount: number, number: Uint8Array, code: Uint8Array): Promise<CaptureView> => {
    const body = { call: agent.sid, outcome: 'charge', amount, currency: 'EUR', usage: 'once' };
    const { id } = await arm(program, body);
    armedAt.push(heard().length);
    await program.follow(`/v1/captures/${id}/events`);
    for (const field of [number, EXPIRY, code]) await press(field.join(''));
    await until(async () => over(await capture(id)), PATIENCE_MS);
    return capture(id);
  };
  const charged = await charge(1250, paid, paidCode);
  const repeated = await charge(ECHO, echoed, echoedCode);
  await beepsOver();
  const linked = await payByLink(program, agent.sid, onPage, capture);
  const lists = [
    '/v1/calls',
    '/v1/captures',
    '/v1/events',
    `/v1/tokens/${completed.token}`,
    `/v1/tokens/${linked.token}`,
    '/openapi.json',
  ];
  for (const path of lists) await program.api('GET', path);
  caller.hangUp();
  await until(() => agent.over, PATIENCE_MS);
  await program.crm.event('call.ended', ({ data }) => data['call_sid'] === caller.sid);
  await program.api('GET', `/v1/calls/${caller.sid}`);
  const codes = [paidCode, echoedCode].map((code) => Uint8Array.from([...EXPIRY, ...code]));
  const canaries = [early, wrong, good, typed, paid, echoed, onPage, ...codes];
  return { canaries, keys, capture: completed, charged, echoed: repeated, linked, armedAt };
}

async function arm(program: Program, body: object): Promise<CaptureView> {
  const armed = await program.api<CaptureView>('POST', '/v1/captures', body);
  if (armed.status !== 201) throw new Error(`the capture was not armed: ${JSON.stringify(armed)}`);
  return armed.body;
}

/** Arms a capture that is paid by a link, and waits for its end. */
async function payByLink(
  program: Program,
  call: string,
  number: Uint8Array,
  capture: (id: string) => Promise<CaptureView>,
): Promise<CaptureView> {
  const consent = { at: '2026-11-22T10:00:00Z', wording: 'You may keep my card.' };
  const money = { outcome: 'charge', amount: 1250, currency: 'EUR' };
  const { id } = await arm(program, { call, ...money, purpose: 'saved', consent });
  await program.follow(`/v1/captures/${id}/events`);
  const link = await program.api<LinkView>('POST', `/v1/captures/${id}/link`, { channel: 'spoken' });
  if (link.status !== 201) throw new Error(`there is no link: ${JSON.stringify(link)}`);
  const { body } = link;
  const opened = await fetch(`${program.publicUrl}/l/${body.code}`, { redirect: 'manual' });
  await payOnPage(opened.headers.get('location') ?? '', { card: number.join(''), agreed: true });
  await until(async () => over(await capture(id)), PATIENCE_MS);
  await program.crm.event('capture.completed', ({ data }) => data['capture_id'] === id);
  return capture(id);
}

/** A number typed where none belongs: no answer and no log line may repeat it. */
async function nonsense(program: Program, typed: Uint8Array, call: string): Promise<void> {
  const number = typed.join('');
  const grouped = number.replaceAll(/(\d{4})(?=\d)/g, '$1 ');
  await program.api('POST', '/v1/captures', { call, reference: `card ${grouped}` });
  await program.api('POST', '/v1/captures', { call, metadata: { note: number } });
  await program.api('POST', '/v1/captures', { call: number });
  await program.api('POST', '/v1/captures', { call, fields: [number], [number]: number });
  await program.api('POST', '/v1/captures', `{"call":"${call}","reference":${number}${number}x`);
  await program.api('POST', '/v1/captures', `${number} is no JSON`);
  await program.api('GET', `/v1/tokens/${number}`);
  await program.api('GET', `/v1/calls/${number}`);
  await program.api('GET', `/v1/captures?since=${number}`);
  await program.api('GET', `/${number}?card=${number}`);
  // Not signed by the carrier.
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  await program.api('POST', '/twilio/voice', `CallSid=CA${number}&Digits=${number}&From=%2B${number}`, form);
}

function wrongCheckDigit(digits: Uint8Array): Uint8Array {
  const last = digits.length - 1;
  digits[last] = ((digits[last] ?? 0) + 1) % 10;
  return digits;
}

/** Half a second through the codes of mu-law that no tone looks like. */
function ramp(): Uint8Array {
  return Uint8Array.from({ length: 4000 }, (_, i) => 0x90 + ((i >> 3) % 0x40));
}

function isMediaSocket(bytes: Buffer): boolean {
  return bytes.includes('101 Switching Protocols');
}

/** The audio of every media message that the service sent on a socket. */
function audioOf(bytes: Buffer): Buffer {
  const payloads = bytes.toString('latin1').matchAll(/"payload":"([A-Za-z0-9+/=]*)"/g);
  return Buffer.concat([...payloads].map(([, payload = '']) => Buffer.from(payload, 'base64')));
}
