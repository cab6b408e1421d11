import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DeskView } from '../../src/call/calls.js';
import type { CaptureView } from '../../src/capture/view.js';
import type { PhoneCall } from '../../src/carrier/simulated/phone.js';
import { systemClock } from '../../src/clock.js';
import { loadPrompts, type PromptName, type Prompts } from '../../src/flow/prompts.js';
import { SimulatedPsp } from '../../src/psp/simulated-psp.js';
import { record } from '../support/carrier.js';
import { withFlows, type FlowFolder } from '../support/flow-folder.js';
import { findPrompt } from '../support/heard-prompt.js';
import { startProvider, type Provider } from '../support/provider.js';
import { over, startService, until, type Service } from '../support/service.js';

/** Quick fingers, so that the tests are quick. */
const FAST = { onMs: 60, offMs: 60 };
/** A sentence takes up to nine seconds, on a machine that has much to do. */
const PATIENCE_MS = 30_000;
/** Looking for a sentence in what was heard is work. */
const LOOK_MS = 250;
const ASKING = '+33199000002';
const CB_VISA = '4000002500001001';
const CB_MASTERCARD = '5555552500001001';

let folder: FlowFolder;
let provider: Provider;
let service: Service;
let psp: SimulatedPsp;
let prompts: Prompts;

beforeAll(async () => {
  folder = await withFlows({
    asking: `numbers: ["${ASKING}"]\ncapture: { ask_network: co_badged }\n`,
  });
  provider = await startProvider();
  service = await startService({ root: folder.root, env: provider.env });
  provider.tell(service.url);
  service.carrier.number(ASKING, { voiceUrl: `${service.url}/twilio/voice` });
  psp = new SimulatedPsp({
    ...{ url: provider.server.url, ca: provider.server.ca, clock: systemClock },
    ...{ secret: provider.env['SIMULATED_PSP_SECRET'] ?? '', webhookSecrets: [] },
  });
  prompts = (await loadPrompts('ivr-flows/prompts')).en;
});
afterAll(async () => {
  await psp.close();
  await service.stop();
  await provider.close();
  await folder.remove();
});

/** After the number keys are dropped until a second has passed without one: nobody has heard the question yet. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 1_200));

/** A talk in which EUR 12.50 is to be charged. */
async function charging(to?: string) {
  const { caller, agent } = await service.talk(to);
  const lines = [record(caller), record(agent)];
  const { id } = await service.arm(caller, { outcome: 'charge', amount: 1250, currency: 'EUR' });
  return {
    ...{ caller, agent, id },
    press: async (...fields: string[]) => {
      for (const keys of fields) await caller.press(keys, FAST);
    },
    hears: (name: PromptName) =>
      until(() => lines.every(({ bytes }) => findPrompt(bytes(), prompts[name]) >= 0), PATIENCE_MS, LOOK_MS),
    /** The next field is asked for. */
    chosen: () => service.captureWhen(id, ({ current_field }) => current_field === 'expiration-date'),
  };
}

/** What the service and its provider say of a charged card, and the CRM's event. */
async function outcomeOf(id: string) {
  const done = await service.captureWhen(id, over);
  const found = await psp.lookUp({ reference: done.charge?.id ?? '', providerReference: null });
  const told = await service.crm.event('capture.completed', ({ data }) => data['capture_id'] === id);
  expect(told.data['card']).toEqual(done.card);
  expect(provider.server.ledger.of(done.charge?.id ?? '', 'take')).toEqual({ times: 1, amount: 1250 });
  return { card: done.card, chargedAs: 'network' in found ? found.network : null };
}

/** What an agent's page is shown of a call, until this is so. */
async function deskWhen(id: string, there: (desk: DeskView) => boolean): Promise<DeskView> {
  const stop = new AbortController();
  const headers = { 'sec-fetch-site': 'same-origin' };
  const feed = await fetch(`${service.url}/console/desk`, { headers, signal: stop.signal });
  let text = '';
  try {
    for await (const piece of feed.body ?? []) {
      text += Buffer.from(piece as Uint8Array).toString();
      const shown = [...text.matchAll(/^data: (\{"call".*\})$/gm)].map(
        ([, json]) => JSON.parse(json ?? '') as DeskView,
      );
      const found = shown.find((desk) => desk.capture?.id === id && there(desk));
      if (found !== undefined) return found;
    }
  } finally {
    stop.abort();
  }
  throw new Error('the page was closed');
}

const bye = async (...parties: PhoneCall[]) => {
  parties[0]?.hangUp();
  await until(() => parties.every((party) => party.over));
};

describe('a caller with a card of two brands', () => {
  it('is asked, and what he answers is charged', async () => {
    const { caller, agent, id, press, hears, chosen } = await charging(ASKING);
    await press(CB_VISA);
    await hears('choose_visa');
    await press('2');
    await chosen();
    await press('1234', '123');
    expect(await outcomeOf(id)).toEqual({
      card: expect.objectContaining({ networks: ['cartes_bancaires', 'visa'], chosen_network: 'visa' }),
      chargedAs: 'visa',
    });
    await bye(caller, agent);
  }, 60_000);

  it('may leave it to the provider; nobody else can choose for him, and the agent sees that he is asked', async () => {
    const { caller, agent, id, press, chosen } = await charging(ASKING);
    const asked = deskWhen(id, ({ choosing }) => choosing);
    await press(CB_VISA);
    expect(await asked).toMatchObject({
      choosing: true,
      capture: { current_field: null, status: 'collecting' },
    });
    await pause();
    await agent.press('2', FAST);
    for (const body of [{ network: 'visa' }, { chosen_network: 'visa' }]) {
      const tried = await service.api('POST', '/v1/captures', { call: caller.sid, ...body });
      expect(tried).toMatchObject({ status: 400 });
    }
    expect(await service.capture(id)).toMatchObject({ current_field: null });
    await press('#');
    await chosen();
    await press('1234', '123');
    const { card } = await outcomeOf(id);
    expect(card).toMatchObject({ networks: ['cartes_bancaires', 'visa'], chosen_network: null });
    await bye(caller, agent);
  }, 60_000);

  it('may go back to the number with *', async () => {
    const { caller, agent, id, press, chosen } = await charging(ASKING);
    await press(CB_VISA);
    await pause();
    await press('*');
    const back = await service.captureWhen(id, ({ current_field }) => current_field !== null);
    expect(back).toMatchObject({ current_field: 'payment-card-number' });
    expect(back.fields[0]).toMatchObject({ digits_entered: 0, attempt: 1 });
    await press(CB_MASTERCARD);
    await pause();
    await press('1');
    await chosen();
    await press('1234', '123');
    expect(await outcomeOf(id)).toMatchObject({
      card: { brand: 'mastercard', chosen_network: 'cartes_bancaires' },
      chargedAs: 'cartes_bancaires',
    });
    await bye(caller, agent);
  }, 60_000);

  it('chooses nothing with another key, nor with none for ten seconds', async () => {
    const { caller, agent, id, press, chosen } = await charging(ASKING);
    await press(CB_VISA);
    await pause();
    await press('7');
    expect(await service.capture(id)).toMatchObject({ current_field: null });
    await chosen();
    // A key that comes a little late is no digit of the date.
    await pause();
    await press('1234', '123');
    const { card } = await outcomeOf(id);
    expect(card).toMatchObject({ networks: ['cartes_bancaires', 'visa'], chosen_network: null });
    await bye(caller, agent);
  }, 60_000);

  it('is not asked by a flow that does not say so; what the provider says of the card is shown', async () => {
    const { caller, agent, id, press } = await charging();
    await press(CB_VISA, '1234', '123');
    const { card } = await outcomeOf(id);
    expect(card).toMatchObject({ networks: ['cartes_bancaires', 'visa'], chosen_network: null });
    await bye(caller, agent);
  }, 60_000);
});

it('what an ordinary card can be charged as is known once it was', async () => {
  const { caller, agent, id, press } = await charging(ASKING);
  await press('4242424242424242', '1234', '123');
  const done: CaptureView['card'] = (await outcomeOf(id)).card;
  expect(done).toMatchObject({ networks: ['visa'], chosen_network: null });
  await bye(caller, agent);
}, 60_000);
