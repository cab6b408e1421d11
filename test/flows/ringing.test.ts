import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DEFAULT_SETTINGS } from '../../src/carrier/simulated/simulator-settings.js';
import type { PhoneCall } from '../../src/carrier/simulated/phone.js';
import { startRelay, type Relay } from '../support/relay.js';
import { AGENT, CALLER, SERVICE_NUMBER, startService, until, type Service } from '../support/service.js';

const NO_AGENT = 'Nobody can take your call at the moment. Please call again later. Goodbye.';
const OTHER_LEFT = 'The other party has left the call. Goodbye.';
const SOMETHING_WRONG = 'Something went wrong on our side. Please call again. Goodbye.';

let service: Service;
/** Between the carrier's streams and the service. */
let relay: Relay;

beforeAll(async () => {
  relay = await startRelay();
  service = await startService({
    env: { AGENT_RING_SECONDS: '1', NODE_URL: `http://127.0.0.1:${relay.port}` },
  });
  relay.target = Number(new URL(service.url).port);
});
afterEach(() => {
  Object.assign(service.carrier.settings, { ...DEFAULT_SETTINGS, sayMsPerCharacter: 0 });
  service.carrier.phone(AGENT).policy = 'answer';
});
afterAll(async () => {
  await service.stop();
  await relay.close();
});

/** The next call that rings at the agent's. */
function nextRing(): Promise<PhoneCall> {
  return new Promise((resolve) => {
    const stop = service.carrier.phone(AGENT).onRing((call) => {
      stop();
      resolve(call);
    });
  });
}

/** Everything that the carrier says to a party. */
function sentences(call: PhoneCall): string[] {
  const said: string[] = [];
  call.on('said', (text) => said.push(text));
  return said;
}

/** A caller, and the agent's telephone ringing for him. */
async function ring(): Promise<{ caller: PhoneCall; agent: PhoneCall; said: string[] }> {
  service.carrier.phone(AGENT).policy = 'ring';
  const rung = nextRing();
  const caller = service.carrier.phone(CALLER).call(SERVICE_NUMBER);
  const said = sentences(caller);
  return { caller, said, agent: await rung };
}

const callEnded = async (sid: string) => (await service.call(sid)).status === 'ended';

describe('while the agent is called', () => {
  it('nobody answers in time: a sentence, and the call ends', async () => {
    const { caller, agent, said } = await ring();
    await until(() => caller.over);
    expect([said, agent.status, caller.status]).toEqual([[NO_AGENT], 'no-answer', 'completed']);
    expect(await callEnded(caller.sid)).toBe(true);
  });

  it('the agent declines: a sentence, and the call ends', async () => {
    const { caller, agent, said } = await ring();
    agent.decline();
    await until(() => caller.over);
    expect([said, agent.status]).toEqual([[NO_AGENT], 'busy']);
  });

  it('the caller leaves: the leg of the agent is cancelled', async () => {
    const { caller, agent } = await ring();
    await until(async () => (await service.call(caller.sid)).agent !== null);
    caller.hangUp();
    await until(() => agent.over);
    expect(agent.status).toBe('canceled');
    const { data } = await service.crm.event('call.ended', (event) => event.data['call_sid'] === caller.sid);
    expect(data).toMatchObject({ agent: AGENT, flow: 'agent-assisted-card', called: SERVICE_NUMBER });
  });

  it('the caller leaves before the carrier has taken the call to the agent: it never rings on', async () => {
    service.carrier.phone(AGENT).policy = 'ring';
    service.carrier.settings.restDelayMs = 150;
    const rung = nextRing();
    const caller = service.carrier.phone(CALLER).call(SERVICE_NUMBER);
    await until(async () => (await service.api('GET', `/v1/calls/${caller.sid}`)).status === 200);
    await until(() => service.logged('call started').some(({ call_sid }) => call_sid === caller.sid));
    caller.hangUp();
    await until(() => callEnded(caller.sid));
    const agent = await rung;
    await until(() => agent.over);
    expect(agent.status).toBe('canceled');
  });

  it('the agent answers when the caller has just left: the leg ends', async () => {
    const { caller, agent } = await ring();
    service.carrier.settings.restDelayMs = 200;
    caller.hangUp();
    await until(() => callEnded(caller.sid));
    agent.answer();
    await until(() => agent.over);
    expect(agent.status).toBe('completed');
  });

  it('the carrier refuses to dial: a sentence, and the call ends', async () => {
    service.carrier.settings.restFault = { status: 500, times: 1 };
    const caller = service.carrier.phone(CALLER).call(SERVICE_NUMBER);
    const said = sentences(caller);
    await until(() => caller.over);
    expect(said).toEqual([NO_AGENT]);
    expect(service.logged('the carrier did not take the call to the agent')).toContainEqual(
      expect.objectContaining({ level: 40, code: 'carrier_failed' }),
    );
  });

  it('the carrier is busy for a moment: it is asked again, and they talk', async () => {
    service.carrier.settings.restFault = { status: 429, times: 1 };
    const { caller, agent } = await service.talk();
    caller.hangUp();
    await until(() => agent.over);
  });
});

describe('two who talk', () => {
  it('find each other with status callbacks in any order', async () => {
    service.carrier.settings.callbackOrder = 'shuffled';
    const { caller, agent } = await service.talk();
    // The last of the shuffled callbacks has come by then, and has ended nothing.
    const capture = await service.arm(caller);
    await caller.press('42', { onMs: 60, offMs: 60 });
    await service.captureWhen(capture.id, ({ fields }) => fields[0]?.digits_entered === 2);
    expect((await service.call(caller.sid)).status).toBe('live');
    agent.hangUp();
    await until(() => caller.over);
  });

  it('hang up at once: the call ends once', async () => {
    const { caller, agent } = await service.talk();
    caller.hangUp();
    agent.hangUp();
    await until(() => callEnded(caller.sid));
    await service.crm.event('call.ended', ({ data }) => data['call_sid'] === caller.sid);
    const ends = service.crm.deliveries.filter(
      ({ type, data }) => type === 'call.ended' && data['call_sid'] === caller.sid,
    );
    expect(ends).toHaveLength(1);
  });

  it.each([
    ["caller's", 0, [SOMETHING_WRONG], [OTHER_LEFT]],
    ["agent's", 1, [OTHER_LEFT], [SOMETHING_WRONG]],
  ] as const)(
    'hear a sentence each when the %s socket drops, and end',
    async (_, which, toCaller, toAgent) => {
      await until(() => relay.open.length === 0);
      const { caller, agent } = await service.talk();
      const [callerHeard, agentHeard] = [sentences(caller), sentences(agent)];
      expect(relay.open).toHaveLength(2);
      relay.open[which]?.destroy();
      await until(() => caller.over && agent.over);
      expect([callerHeard, agentHeard]).toEqual([toCaller, toAgent]);
      expect(await callEnded(caller.sid)).toBe(true);
    },
  );

  it('hear a sentence each when the whole network drops', async () => {
    await until(() => relay.open.length === 0);
    const { caller, agent } = await service.talk();
    const heard = [sentences(caller), sentences(agent)];
    for (const socket of [...relay.open]) socket.destroy();
    await until(() => caller.over && agent.over);
    expect(heard.every((said) => said.length === 1)).toBe(true);
  });
});

it('a stream that can not be opened ends in a sentence', async () => {
  service.carrier.settings.signature = 'https-form';
  const caller = service.carrier.phone(CALLER).call(SERVICE_NUMBER);
  const said = sentences(caller);
  await until(() => caller.over);
  expect(said).toEqual([SOMETHING_WRONG]);
  expect(service.logged('media handshake refused: not signed by the carrier for this URL')).toHaveLength(1);
});
