import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PhoneCall } from '../../src/carrier/simulated/phone.js';
import { loadPrompts, type PromptName, type Prompts } from '../../src/flow/prompts.js';
import { record } from '../support/carrier.js';
import { withFlows, type FlowFolder } from '../support/flow-folder.js';
import { findPrompt } from '../support/heard-prompt.js';
import { payOnPage } from '../support/payer.js';
import { startProvider, type Provider } from '../support/provider.js';
import { Random } from '../support/random.js';
import { CALLER, over, SERVICE_NUMBER, startService, until, type Service } from '../support/service.js';
import { stillTalk } from '../support/talking.js';

/** Quick fingers, so that the tests are quick. */
const FAST = { onMs: 60, offMs: 60 };
/** A sentence takes up to nine seconds, on a machine that has much to do. */
const PATIENCE_MS = 30_000;
/** Looking for a sentence in what was heard is work. */
const LOOK_MS = 250;
const FRENCH = '+33199000002';
const ENGLISH = '+33199000003';
/** The bank wants to know the payer: refused by telephone, good on a page. */
const WANTS_AUTHENTICATION = '4000002760003184';
const GOOD = '4242424242424242';
/** A telephone that takes no messages, as its number tells. */
const LANDLINE = '+33199000009';

let folder: FlowFolder;
let provider: Provider;
let service: Service;
let prompts: { en: Prompts; fr: Prompts };

beforeAll(async () => {
  folder = await withFlows({
    'en-francais': `language: fr\nnumbers: ["${FRENCH}"]\ncapture: { send_link: refused }\n`,
    'in-english': `language: en\nnumbers: ["${ENGLISH}"]\ncapture: { send_link: foreseen }\n`,
  });
  provider = await startProvider();
  const env = { ...provider.env, SMS_FROM: SERVICE_NUMBER, MOTO_SUM_LIMIT: 'EUR:2000' };
  service = await startService({ root: folder.root, env });
  provider.tell(service.url);
  for (const number of [FRENCH, ENGLISH]) {
    service.carrier.number(number, { voiceUrl: `${service.url}/twilio/voice` });
  }
  prompts = await loadPrompts('ivr-flows/prompts');
});
afterAll(async () => {
  await service.stop();
  await provider.close();
  await folder.remove();
});

/** A capture that shall charge EUR 12.50, armed on a call of this flow. */
async function armed(number: string, language: 'en' | 'fr', from?: string) {
  const { caller, agent } = await service.talk(number, from);
  const lines = [record(caller), record(agent)];
  const arm = async (amount = 1250) =>
    (await service.arm(caller, { outcome: 'charge', amount, currency: 'EUR', reference: 'order-1' })).id;
  return {
    ...{ caller, agent, arm },
    hasHeard: (name: PromptName) =>
      lines.map(({ bytes }) => findPrompt(bytes(), prompts[language][name]) >= 0),
    hears: (name: PromptName) =>
      until(
        () => lines.every(({ bytes }) => findPrompt(bytes(), prompts[language][name]) >= 0),
        PATIENCE_MS,
        LOOK_MS,
      ),
  };
}

const press = async (caller: PhoneCall, ...fields: string[]) => {
  for (const keys of fields) await caller.press(keys, FAST);
};
const textsTo = (number: string) =>
  service.carrier.messages.all.filter(({ to }) => to === number).map(({ body }) => body);
/** The payer opens the link of the last message, and pays. */
const pay = async (text: string | undefined) => {
  const [url = ''] = /http:\S+\/l\/\w+/.exec(text ?? '') ?? [];
  const { headers } = await fetch(url, { redirect: 'manual' });
  await payOnPage(headers.get('location') ?? '', { card: WANTS_AUTHENTICATION, agreed: true });
};
const bye = async (...parties: PhoneCall[]) => {
  parties[0]?.hangUp();
  await until(() => parties.every((party) => party.over));
};

describe('a payment link that the flow sends', () => {
  it('goes out when the bank has refused, in French: both hear one sentence, talk on, and it is paid', async () => {
    const { caller, agent, arm, hears, hasHeard } = await armed(FRENCH, 'fr');
    const id = await arm();
    await press(caller, WANTS_AUTHENTICATION, '1234', '123');
    const linked = await service.captureWhen(id, ({ link }) => link !== null);
    expect(linked).toMatchObject({
      ...{ status: 'processing', reason: null, decline: null, advice: null },
      link: { channel: 'sms', to: '+336******01' },
    });
    const failed = await service.crm.event('capture.failed', ({ data }) => data['capture_id'] === id);
    expect(failed.data).toMatchObject({ decline: { code: 'authentication_required', next: 'link' } });
    await until(() => textsTo(CALLER).length === 1);
    expect(textsTo(CALLER)[0]).toMatch(/^Payez 12,50\s€/);
    await hears('link_sent');
    expect(hasHeard('declined_authentication_required')).toEqual([false, false]);
    await stillTalk(caller, agent, new Random(1));

    await pay(textsTo(CALLER)[0]);
    const done = await service.captureWhen(id, over);
    expect(done).toMatchObject({ status: 'completed', link: { status: 'paid' }, charge: { amount: 1250 } });
    expect(provider.server.ledger.of(done.charge?.id ?? '', 'take')).toEqual({ times: 1, amount: 1250 });
    await hears('charge_approved');
    await bye(caller, agent);
  }, 90_000);

  it('goes out before the bank is asked where a refusal is foreseen, in English: nothing more is keyed', async () => {
    const { caller, agent, arm, hears } = await armed(ENGLISH, 'en');
    const first = await arm();
    await press(caller, GOOD, '1234', '123');
    expect(await service.captureWhen(first, over)).toMatchObject({ status: 'completed', link: null });

    const before = textsTo(CALLER).length;
    const id = await arm();
    await press(caller, GOOD);
    const linked = await service.captureWhen(id, ({ link }) => link !== null);
    expect(linked).toMatchObject({ status: 'processing', current_field: null, charge: null });
    expect(linked.fields.map(({ digits_entered }) => digits_entered)).toEqual([0, 0, 0]);
    await hears('link_sent');
    await until(() => textsTo(CALLER).length === before + 1);
    await pay(textsTo(CALLER).at(-1));
    expect(await service.captureWhen(id, over)).toMatchObject({
      status: 'completed',
      link: { status: 'paid' },
    });
    await bye(caller, agent);
  }, 90_000);

  it('does not go to a telephone that takes no messages: the refusal is heard, the agent reads why', async () => {
    const { caller, agent, arm, hears, hasHeard } = await armed(FRENCH, 'fr', LANDLINE);
    const id = await arm();
    await press(caller, WANTS_AUTHENTICATION, '1234', '123');
    const failed = await service.captureWhen(id, ({ advice }) => advice?.code === 'link_no_number');
    expect(failed).toMatchObject({
      ...{ status: 'failed', reason: 'charge_declined', decline: { next: 'link' }, link: null },
      advice: { for_agent: expect.stringContaining('dictez le lien') },
    });
    await hears('declined_authentication_required');
    expect(hasHeard('link_sent')).toEqual([false, false]);
    expect(textsTo(LANDLINE)).toEqual([]);
    const spoken = await service.api('POST', `/v1/captures/${id}/link`, { channel: 'spoken' });
    expect(spoken.status).toBe(201);
    expect(await service.capture(id)).toMatchObject({ status: 'processing', advice: null });
    await bye(caller, agent);
  }, 90_000);
});
