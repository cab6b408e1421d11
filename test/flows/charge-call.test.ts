import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PhoneCall } from '../../src/carrier/simulated/phone.js';
import type { CaptureView } from '../../src/capture/view.js';
import { loadPrompts, type PromptName, type Prompts } from '../../src/flow/prompts.js';
import { record } from '../support/carrier.js';
import { findPrompt } from '../support/heard-prompt.js';
import { startProvider, type Provider } from '../support/provider.js';
import { Random } from '../support/random.js';
import { over, startService, until, type Service } from '../support/service.js';
import { stillTalk } from '../support/talking.js';

/** Quick fingers, so that the tests are quick: 60 ms of tone, 60 ms of pause. */
const FAST = { onMs: 60, offMs: 60 };
/** A sentence takes up to eight seconds, on a machine that has much to do. */
const PATIENCE_MS = 30_000;

const GOOD = '4242424242424242';
/** See `scenarios.ts` of the simulated provider. */
const WRONG_CODE = '4000000000000127';
const NO_SUCH_NUMBER = '5105105105105100';
const DECLINED = '4000000000000002';
const SLOW = 990_021;

/** What may be left to play then, and a second more. */
const AFTER = 12_000;

/** After a refusal keys are dropped until a second has passed without one. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 1_200));

describe('a call on which a card is charged', () => {
  let provider: Provider;
  let service: Service;
  let prompts: Prompts;

  beforeAll(async () => {
    provider = await startProvider();
    service = await startService({ env: provider.env });
    provider.tell(service.url);
    prompts = (await loadPrompts('ivr-flows/prompts')).en;
  });
  afterAll(async () => {
    await service.stop();
    await provider.close();
  });

  /** A capture armed on a call; `keys` are pressed one field after the other, `hears` waits for a prompt on both legs. */
  async function taking(outcome: 'verify' | 'charge', amount = 1250) {
    const { caller, agent } = await service.talk();
    const money = outcome === 'charge' ? { amount, currency: 'EUR' } : {};
    const { id } = await service.arm(caller, { outcome, reference: 'order-1', ...money });
    const [ofCaller, ofAgent] = [record(caller), record(agent)];
    return {
      ...{ caller, agent, id },
      press: async (...fields: string[]) => {
        for (const keys of fields) await caller.press(keys, FAST);
      },
      when: (there: (capture: CaptureView) => boolean) => service.captureWhen(id, there),
      /** Until both have heard it to its end. */
      hears: async (name: PromptName) => {
        const both = [ofCaller, ofAgent].map(({ bytes }) => bytes);
        await until(() => both.every((bytes) => findPrompt(bytes(), prompts[name]) >= 0), PATIENCE_MS);
        const ends = both.map((bytes) => bytes().length + AFTER);
        await until(() => both.every((bytes, n) => bytes().length > (ends[n] ?? 0)), PATIENCE_MS);
      },
      told: (type: string) => service.crm.event(type, ({ data }) => data['capture_id'] === id),
    };
  }

  const taken = ({ charge }: CaptureView) => provider.server.ledger.of(charge?.id ?? '', 'take');
  const bye = async (...parties: PhoneCall[]) => {
    parties[0]?.hangUp();
    await until(() => parties.every((party) => party.over));
  };

  it('verifies it for nothing, and both hear that it is good', async () => {
    const before = provider.server.ledger.movements.length;
    const { press, when, hears, told, caller, agent } = await taking('verify');
    await press(GOOD, '1234', '123');
    const done = await when(over);
    expect(done).toMatchObject({ status: 'completed', reason: null, charge: null, decline: null });
    expect(done.fields.map(({ name, masked }) => [name, masked])).toEqual([
      ['payment-card-number', '••••••••••••4242'],
      ['expiration-date', '••••'],
      ['security-code', '•••'],
    ]);
    await hears('card_verified');
    expect((await told('capture.completed')).data).toMatchObject({ token: done.token, charge: null });
    expect(provider.server.ledger.movements).toHaveLength(before);
    await bye(caller, agent);
  }, 60_000);

  it('charges it: the money is taken once, all hear of it, and they talk on', async () => {
    const { press, when, hears, told, caller, agent } = await taking('charge');
    await press(GOOD, '1234', '123');
    const done = await when(over);
    expect(done).toMatchObject({
      ...{ status: 'completed', outcome: 'charge', amount: 1250, currency: 'EUR', decline: null },
      charge: { status: 'approved', token: done.token, amount: 1250, currency: 'EUR', reference: 'order-1' },
    });
    expect(taken(done)).toEqual({ times: 1, amount: 1250 });
    await hears('charge_approved');
    expect((await told('capture.completed')).data).toMatchObject({ token: done.token, charge: done.charge });
    const event = await service.crm.event('charge.approved', ({ data }) => data['id'] === done.charge?.id);
    expect(event.data).toMatchObject({ ...done.charge });
    expect(await service.api('GET', `/v1/charges/${done.charge?.id}`)).toMatchObject({ body: done.charge });
    await stillTalk(caller, agent, new Random(1));
    await bye(caller, agent);
  }, 60_000);

  it('asks for a wrong code again, and charges with the right one', async () => {
    const { press, when, hears, caller, agent } = await taking('charge');
    await press(WRONG_CODE, '1234', '999');
    const retried = await when(({ decline }) => decline !== null);
    expect(retried).toMatchObject({
      ...{ status: 'collecting', current_field: 'security-code', token: null },
      ...{ charge: { status: 'declined' }, decline: { code: 'incorrect_cvc' } },
      fields: [
        { status: 'accepted' },
        { status: 'accepted' },
        { attempt: 2, error: 'invalid-security-code' },
      ],
    });
    await hears('key_code_again');
    await press('123');
    const done = await when(over);
    expect(done).toMatchObject({ status: 'completed', charge: { status: 'approved' }, decline: null });
    expect(done.charge?.id).not.toBe(retried.charge?.id);
    expect([taken(retried), taken(done)]).toEqual([
      { times: 0, amount: 0 },
      { times: 1, amount: 1250 },
    ]);
    await hears('charge_approved');
    await bye(caller, agent);
  }, 60_000);

  it('asks for a wrong number again, and for the code with it', async () => {
    const { press, when, caller, agent } = await taking('charge');
    await press(NO_SUCH_NUMBER, '1234', '123');
    const retried = await when(({ decline }) => decline !== null);
    expect(retried).toMatchObject({
      current_field: 'payment-card-number',
      fields: [{ attempt: 2, error: 'invalid-card-number' }, { status: 'accepted' }, { status: 'pending' }],
    });
    await pause();
    await press(GOOD, '123');
    const done = await when(over);
    expect(done).toMatchObject({
      status: 'completed',
      card: { last4: '4242' },
      charge: { status: 'approved' },
    });
    expect(taken(done).times).toBe(1);
    await bye(caller, agent);
  }, 60_000);

  it('tells all why a card was declined, and what to do', async () => {
    const { press, when, hears, told, caller, agent } = await taking('charge');
    await press(DECLINED, '1234', '123');
    const failed = await when(over);
    const decline = { code: 'card_declined', next: 'other_card' };
    expect(failed).toMatchObject({
      ...{ status: 'failed', reason: 'charge_declined', token: null, decline },
      charge: { status: 'declined', token: null, decline },
    });
    expect(taken(failed)).toEqual({ times: 0, amount: 0 });
    expect((await told('capture.failed')).data).toMatchObject({ charge: failed.charge, decline });
    await hears('declined_card_declined');
    const again = await service.arm(caller);
    expect(again.status).toBe('collecting');
    await bye(caller, agent);
  }, 60_000);

  it('is completed after all when the answer was lost and the money taken', async () => {
    const { press, when, hears, told, caller, agent } = await taking('charge');
    provider.server.faults.next('done_then_cut', { verb: 'authorize' });
    provider.server.faults.next('nothing_then_500', { verb: 'look_up', times: 2 });
    await press(GOOD, '1234', '123');
    const doubted = await when(over);
    expect(doubted).toMatchObject({
      status: 'failed',
      reason: 'charge_unknown',
      charge: { status: 'unknown' },
    });
    await hears('charge_in_doubt');
    const done = await when(({ status }) => status === 'completed');
    expect(done).toMatchObject({ reason: null, charge: { id: doubted.charge?.id, status: 'approved' } });
    expect(taken(done)).toEqual({ times: 1, amount: 1250 });
    expect(await service.api('GET', `/v1/tokens/${done.token}`)).toMatchObject({ status: 200 });
    await hears('charge_approved');
    expect((await told('capture.failed')).data).toMatchObject({ reason: 'charge_unknown' });
    expect((await told('capture.completed')).data).toMatchObject({ token: done.token, charge: done.charge });
    await bye(caller, agent);
  }, 90_000);

  it('goes on when the caller hangs up while the money is taken', async () => {
    const { press, when, caller, agent } = await taking('charge', SLOW);
    await press(GOOD, '1234', '123');
    await when(({ status }) => status === 'processing');
    caller.hangUp();
    await until(() => agent.over);
    const done = await when(over);
    expect(done).toMatchObject({ status: 'completed', reason: null, charge: { status: 'approved' } });
    expect(taken(done).times).toBe(1);
  }, 60_000);

  it('is not armed for money that the provider does not take', async () => {
    const { caller, agent } = await service.talk();
    const body = { call: caller.sid, outcome: 'charge', amount: 0, currency: 'EUR' };
    expect(await service.api('POST', '/v1/captures', body)).toMatchObject({
      status: 400,
      body: { code: 'bad_request', errors: [{ path: 'amount' }] },
    });
    await bye(caller, agent);
  }, 60_000);
});
