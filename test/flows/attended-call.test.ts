import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AGENT,
  CALLER,
  over,
  SERVICE_NUMBER,
  startService,
  until,
  type Service,
} from '../support/service.js';

/** Quick fingers, so that the tests are quick: 60 ms of tone, 60 ms of pause. */
const FAST = { onMs: 60, offMs: 60 };

describe('an attended call', () => {
  let service: Service;

  beforeAll(async () => {
    service = await startService();
  });
  afterAll(async () => {
    await service.stop();
  });

  const ended = (id: string) => service.captureWhen(id, over);

  it('gives the CRM a token for the card that the caller keyed', async () => {
    const { caller, agent } = await service.talk();
    const capture = await service.arm(caller, { reference: 'order-1', metadata: { shop: 'Lyon' } });
    expect(capture).toMatchObject({
      status: 'collecting',
      current_field: 'payment-card-number',
      call_sid: caller.sid,
      reference: 'order-1',
    });
    await caller.press('4242424242424242', FAST);
    await caller.press('1234', FAST);
    const done = await ended(capture.id);
    expect(done).toMatchObject({
      status: 'completed',
      reason: null,
      current_field: null,
      card: {
        ...{ brand: 'visa', bin: '424242', last4: '4242', exp_month: 12, exp_year: 2034 },
        ...{ networks: null, chosen_network: null },
      },
      charge: null,
    });
    expect(done.token).toMatch(/^tnw_[0-9A-HJKMNP-TV-Z]{26}$/);
    expect(done.fields.map(({ masked, status }) => [masked, status])).toEqual([
      ['••••••••••••4242', 'accepted'],
      ['••••', 'accepted'],
    ]);

    const event = await service.crm.event(
      'capture.completed',
      ({ data }) => data['capture_id'] === capture.id,
    );
    expect(event.data).toMatchObject({
      call_sid: caller.sid,
      reference: 'order-1',
      metadata: { shop: 'Lyon' },
      token: done.token,
      fingerprint: done.fingerprint,
      card: done.card,
      charge: null,
      fields: ['payment-card-number', 'expiration-date'],
    });
    expect(service.crm.forged).toBe(0);

    expect(await service.api('GET', `/v1/tokens/${done.token}`)).toMatchObject({
      status: 200,
      body: { channel: 'moto_attended', purpose: 'single', expires_at: event.data['expires_at'] },
    });

    agent.hangUp();
    await until(() => caller.over);
    const types = service.crm.deliveries
      .filter(({ data }) => data['call_sid'] === caller.sid)
      .toSorted((a, b) => a.sequence - b.sequence)
      .map(({ type, sequence }) => [type, sequence]);
    await service.crm.event('call.ended', ({ data }) => data['call_sid'] === caller.sid);
    expect(types.slice(0, 3)).toEqual([
      ['call.started', 1],
      ['capture.started', 2],
      ['capture.completed', 3],
    ]);
  });

  it('lets both talk: the agent hears the caller 20 ms late and bit for bit', async () => {
    const { caller, agent } = await service.talk();
    const heard: number[] = [];
    agent.on('audio', (frame) => heard.push(...frame));
    // A slow ramp through codes that no keypad tone looks like.
    const said = Uint8Array.from({ length: 800 }, (_, i) => 0x90 + ((i >> 3) % 0x40));
    caller.speak(said);
    await until(() => indexOf(heard, said) >= 0);
    caller.hangUp();
    await until(() => agent.over);
  });

  it('plays ringing to the caller until the agent answers', async () => {
    const phone = service.carrier.phone(AGENT);
    phone.policy = 'ring';
    const caller = service.carrier.phone(CALLER).call(SERVICE_NUMBER);
    const heard = new Set<number>();
    caller.on('audio', (frame) => frame.forEach((byte) => heard.add(byte)));
    await until(() => heard.size > 20);
    expect((await service.call(caller.sid)).status).toBe('ringing');
    const armed = await service.api('POST', '/v1/captures', { call: caller.sid });
    expect(armed.status).toBe(409);
    caller.hangUp();
    await until(() => phone.calls.size === 0);
    phone.policy = 'answer';
  });

  it.each(['busy', 'unreachable'] as const)(
    'tells the caller when the agent is %s, and ends',
    async (policy) => {
      const phone = service.carrier.phone(AGENT);
      phone.policy = policy;
      const caller = service.carrier.phone(CALLER).call(SERVICE_NUMBER);
      const said = new Promise((resolve) => caller.on('said', resolve));
      expect(await said).toMatch(/agent|available|nobody/i);
      await until(() => caller.over);
      phone.policy = 'answer';
    },
  );

  it('fails the capture when the caller hangs up, and tells the agent', async () => {
    const { caller, agent } = await service.talk();
    const capture = await service.arm(caller);
    await caller.press('4242', FAST);
    const said = new Promise((resolve) => agent.on('said', resolve));
    caller.hangUp();
    expect(await ended(capture.id)).toMatchObject({
      status: 'failed',
      reason: 'caller_hung_up',
      token: null,
    });
    await service.crm.event('capture.failed', ({ data }) => data['capture_id'] === capture.id);
    expect(String(await said)).not.toBe('');
    await until(() => agent.over);
  });

  it('fails the capture when the agent hangs up, and tells the caller', async () => {
    const { caller, agent } = await service.talk();
    const capture = await service.arm(caller);
    const said = new Promise((resolve) => caller.on('said', resolve));
    agent.hangUp();
    expect(await ended(capture.id)).toMatchObject({ status: 'failed', reason: 'agent_hung_up' });
    await said;
    await until(() => caller.over);
  });

  it('counts keys that come before a capture, and keeps none of them', async () => {
    const { caller, agent } = await service.talk();
    await caller.press('12345', FAST);
    await until(async () => (await service.call(caller.sid)).keys_before_capture === 5);
    const capture = await service.arm(caller);
    expect(capture.fields[0]).toMatchObject({ digits_entered: 0 });
    const again = await service.api('POST', '/v1/captures', { call: agent.sid });
    expect(again.status).toBe(409);
    const cancelled = await service.api('POST', `/v1/captures/${capture.id}/cancel`);
    expect(cancelled.body).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_agent' });
    expect((await service.api('POST', `/v1/captures/${capture.id}/cancel`)).status).toBe(200);
    expect((await service.api('POST', `/v1/captures/${capture.id}/extend`)).status).toBe(409);
    await service.crm.event('capture.cancelled', ({ data }) => data['capture_id'] === capture.id);
    caller.hangUp();
    await until(() => agent.over);
  });

  it("takes the agent's keys for nobody's", async () => {
    const { caller, agent } = await service.talk();
    const capture = await service.arm(caller);
    await agent.press('4242', FAST);
    expect((await service.capture(capture.id)).fields[0]?.digits_entered).toBe(0);
    caller.hangUp();
    await until(() => agent.over);
  });

  it.each([
    ['tones alone', { events: 'absent' }],
    ['events alone', { tones: 'removed' }],
    ['tones clipped after 40 ms, events late', { tones: { clippedAfterMs: 40 }, eventDelayMs: 300 }],
    ['events before their tones', { eventDelayMs: -150 }],
    ['events twice', { events: 'doubled' }],
    ['events a second late', { eventDelayMs: 1000 }],
  ] as const)('counts one press once: %s', async (_, settings) => {
    const { caller, agent } = await service.talk();
    caller.hangUp();
    await until(() => agent.over);
    Object.assign(service.carrier.settings, settings);
    try {
      const talk = await service.talk();
      const capture = await service.arm(talk.caller);
      await talk.caller.press('5555555555554444', FAST);
      await talk.caller.press('0930', FAST);
      const done = await ended(capture.id);
      expect([done.status, done.card?.last4, done.card?.exp_year]).toEqual(['completed', '4444', 2030]);
      talk.caller.hangUp();
      await until(() => talk.agent.over);
    } finally {
      Object.assign(service.carrier.settings, { tones: 'kept', events: 'sent', eventDelayMs: 60 });
    }
  });
});

function indexOf(heard: readonly number[], said: Uint8Array): number {
  return Buffer.from(heard).indexOf(said);
}
