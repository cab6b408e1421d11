import { OutgoingMessage, type IncomingHttpHeaders } from 'node:http';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { issueOf } from '../../src/card/brands.js';
import type { Ability, AuthorizeRequest, CardRequest, HostedPage, Psp } from '../../src/psp/psp.js';
import { Secret } from '../../src/secret.js';

/** What goes wrong with the next request that can move money or holds a card. `took_…`: it was done all the same. */
export type PspFault =
  | 'took_then_silent'
  | 'took_then_500'
  | 'took_then_cut'
  | 'took_then_garbage'
  | 'took_then_huge'
  | 'answers_twice'
  | 'nothing_then_500'
  | 'echo'
  | 'raw_cards_off';

/** An account at a provider, and what its owner and its payers can do and see besides. Time-outs are short. */
export interface PspUnderTest {
  psp: Psp;
  /** An account that lacks one ability. */
  without: (ability: Ability) => Psp;
  /** At an address where nobody answers. */
  unreachable: Psp;
  /** Published test numbers, by what becomes of them; `wrongCode` with the code 999. */
  cards: Record<'good' | 'coBadged' | 'declined' | 'wrongCode' | 'authentication', string>;
  next: (fault: PspFault) => void;
  /** Sums of the provider's own books by our reference, in minor units, and how often money was taken. */
  moved: (reference: string) => { reserved: number; taken: number; refunded: number; takings: number };
  /** Plays the payer: types a card on the page, a good one unless said, and tells the bank yes or no. */
  pay: (page: HostedPage, agreed: boolean, number?: string) => Promise<void>;
  /** How many cards are kept for this account. */
  kept: () => number;
  /** What the provider was told of a payment: on the telephone, or without the payer. */
  flagsOf: (reference: string) => { moto: boolean; unattended: boolean };
  /** A webhook that the provider would send now: of this payment, or of something that is no payment. */
  notice: (reference: string | null) => { body: Buffer; headers: IncomingHttpHeaders };
  /** Somebody gives EUR back in the provider's own console, and what webhook it sends of that. */
  refundElsewhere: (reference: string, amount: number) => { body: Buffer; headers: IncomingHttpHeaders };
  /** Turns the customer's clock on. */
  later: (ms: number) => void;
  close: () => Promise<void>;
}

const EUR = (amount: number) => ({ amount, currency: 'EUR' });
const CODE = '123';

type Method = (...given: unknown[]) => unknown;

/** What every payment provider does. */
export function describePsp(name: string, start: () => Promise<PspUnderTest>): void {
  describe(name, () => {
    let provider: PspUnderTest;
    let count = 0;
    const nextReference = () => `chg_contract${++count}`;

    const keyed = (number: string, code: string | null = CODE) => ({
      kind: 'card' as const,
      card: {
        brand: issueOf(digitsOf(number))?.brand ?? 'visa',
        number: Secret.of(digitsOf(number)),
        expMonth: 12,
        expYear: 2034,
      },
      code: code === null ? null : Secret.of(digitsOf(code)),
    });
    const cardRequest = (change: Partial<CardRequest> = {}): CardRequest => ({
      reference: nextReference(),
      instrument: keyed(provider.cards.good),
      entry: 'moto',
      stored: false,
      sending: async () => {},
      ...change,
    });
    const request = (change: Partial<AuthorizeRequest> = {}): AuthorizeRequest => ({
      ...cardRequest(),
      money: EUR(1250),
      capture: true,
      unattended: false,
      networkTransactionId: null,
      network: null,
      description: 'Order 1042',
      ...change,
    });
    const nameOf = ({ reference }: { reference: string }, providerReference: string | null = null) => ({
      reference,
      providerReference,
    });
    /** As the charge room does: the provider's name is what `sending` or the answer told. */
    const charged = async (change: Partial<AuthorizeRequest> = {}) => {
      let told: string | null = null;
      const asked = request({
        sending: async (providerReference) => {
          told = providerReference;
        },
        ...change,
      });
      const outcome = await provider.psp.authorize(asked);
      const payment = nameOf(asked, outcome.providerReference ?? told);
      return { outcome, payment, reference: asked.reference };
    };

    beforeAll(async () => {
      provider = await start();
    });
    afterAll(() => provider.close());

    describe('authorize', () => {
      it('takes the money once and says what it took', async () => {
        const { outcome, reference } = await charged();
        expect(outcome).toMatchObject({ status: 'approved', codeCheck: 'match', money: EUR(1250) });
        expect(provider.moved(reference)).toEqual({ reserved: 0, taken: 1250, refunded: 0, takings: 1 });
      });

      it('takes it once when the same request is sent again', async () => {
        const asked = request();
        const first = await provider.psp.authorize(asked);
        expect(await provider.psp.authorize({ ...asked, instrument: keyed(provider.cards.good) })).toEqual(
          first,
        );
        expect(provider.moved(asked.reference).takings).toBe(1);
      });

      it.each([
        ['declined', 'card_declined'],
        ['wrongCode', 'incorrect_cvc'],
        ['authentication', 'authentication_required'],
      ] as const)('says why a card is refused: %s', async (card, code) => {
        const { outcome, reference } = await charged({ instrument: keyed(provider.cards[card], '999') });
        expect(outcome).toMatchObject({ status: 'declined', code });
        expect(provider.moved(reference).taken).toBe(0);
        expect(await provider.psp.lookUp(nameOf({ reference }, outcome.providerReference))).toMatchObject({
          status: 'declined',
          code,
          refunded: 0,
        });
      });

      it('flags a telephone order as one', async () => {
        const { reference } = await charged();
        expect(provider.flagsOf(reference)).toEqual({ moto: true, unattended: false });
      });

      it('tells once that it is about to send', async () => {
        const calls: (string | null)[] = [];
        await provider.psp.authorize(
          request({
            sending: async (name) => void calls.push(name),
          }),
        );
        expect(calls).toHaveLength(1);
      });

      it('sends nothing when it may not', async () => {
        const asked = request({ sending: () => Promise.reject(new RangeError('not kept')) });
        await expect(provider.psp.authorize(asked)).rejects.toThrow('not kept');
        expect(provider.moved(asked.reference).takings).toBe(0);
        expect(await provider.psp.lookUp(nameOf(asked))).toEqual({ status: 'absent' });
      });

      it('says when the provider was not reached', async () => {
        await expect(provider.unreachable.authorize(request())).rejects.toMatchObject({
          code: 'psp_unavailable',
        });
      });
    });

    describe('an answer that fails', () => {
      it.each([
        ['took_then_silent', 'timed_out'],
        ['took_then_500', 'server_error'],
        ['took_then_cut', 'cut_off'],
        ['took_then_garbage', 'unreadable'],
        ['took_then_huge', 'unreadable'],
      ] as const)('A32: %s leaves it unknown, and a look-up finds the money', async (fault, why) => {
        provider.next(fault);
        const { outcome, payment, reference } = await charged();
        expect(outcome).toMatchObject({ status: 'unknown', why });
        expect(await provider.psp.lookUp(payment)).toMatchObject({
          status: 'approved',
          money: EUR(1250),
          refunded: 0,
        });
        expect(provider.moved(reference)).toMatchObject({ taken: 1250, takings: 1 });
      });

      it('A32: an error after which nothing was taken is unknown until it is looked up', async () => {
        provider.next('nothing_then_500');
        const { outcome, payment, reference } = await charged();
        expect(outcome).toMatchObject({ status: 'unknown', why: 'server_error' });
        expect(await provider.psp.lookUp(payment)).toEqual({ status: 'absent' });
        expect(provider.moved(reference).takings).toBe(0);
      });

      it('A32: an answer that comes twice is no answer to the next request', async () => {
        provider.next('answers_twice');
        const first = await charged();
        const second = await charged({ instrument: keyed(provider.cards.declined) });
        expect(first.outcome.status).toBe('approved');
        expect(second.outcome.status).not.toBe('approved');
        expect((await provider.psp.lookUp(second.payment)).status).not.toBe('approved');
      });

      it('A32: a card that is repeated in an error reaches nobody', async () => {
        provider.next('echo');
        const outcome = await provider.psp
          .authorize(request({ instrument: keyed(provider.cards.good, '7391') }))
          .catch((error: unknown) => error);
        const shown = inspect(outcome, { depth: 9 }).replaceAll(/[ -]/g, '');
        expect(shown).not.toContain(provider.cards.good);
        expect(shown).not.toContain('7391');
      });

      it('says what must be switched on when cards may not be sent', async () => {
        provider.next('raw_cards_off');
        await expect(provider.psp.authorize(request())).rejects.toMatchObject({
          code: 'psp_misconfigured',
          message: expect.stringMatching(/card/) as unknown,
        });
      });
    });

    describe('the card', () => {
      let written: Buffer[];
      let carriers: number;
      const methods = Object.fromEntries(
        ['write', 'end'].map((name) => [name, Reflect.get(OutgoingMessage.prototype, name) as Method]),
      );

      beforeEach(() => {
        written = [];
        carriers = 0;
        for (const [method, original] of Object.entries(methods)) {
          const spy = function (this: OutgoingMessage, ...all: unknown[]): unknown {
            if (Buffer.isBuffer(all[0])) {
              written.push(all[0]);
              if (all[0].includes(provider.cards.good)) carriers++;
            }
            return original.apply(this, all);
          };
          Object.assign(OutgoingMessage.prototype, { [method]: spy });
        }
      });
      afterEach(() => {
        Object.assign(OutgoingMessage.prototype, methods);
      });

      it('is zeroed in what was sent, and left to the caller in what was given', async () => {
        const instrument = keyed(provider.cards.good);
        const { status } = await provider.psp.authorize(request({ instrument }));
        expect([status, carriers]).toEqual(['approved', 1]);
        expect(written.filter((bytes) => bytes.includes(provider.cards.good))).toEqual([]);
        expect([...instrument.card.number.reveal()]).toEqual([...digitsOf(provider.cards.good)]);
      });

      it('is zeroed when there is no answer', async () => {
        provider.next('took_then_silent');
        await provider.psp.authorize(request());
        expect(carriers).toBe(1);
        expect(written.filter((bytes) => bytes.includes(provider.cards.good))).toEqual([]);
      });
    });

    describe('capture and void', () => {
      it('takes what was reserved, or less', async () => {
        const { payment, reference } = await charged({ capture: false });
        expect(provider.moved(reference)).toEqual({ reserved: 1250, taken: 0, refunded: 0, takings: 0 });
        expect(await provider.psp.capture(payment, EUR(1000))).toMatchObject({
          status: 'approved',
          money: EUR(1000),
        });
        expect(provider.moved(reference)).toEqual({ reserved: 0, taken: 1000, refunded: 0, takings: 1 });
      });

      it('lets go of what was reserved', async () => {
        const { payment, reference } = await charged({ capture: false });
        expect(await provider.psp.void(payment)).toMatchObject({ status: 'succeeded' });
        expect(provider.moved(reference)).toEqual({ reserved: 0, taken: 0, refunded: 0, takings: 0 });
      });

      it('lets go of it once', async () => {
        const { payment } = await charged({ capture: false });
        await provider.psp.void(payment);
        expect(await provider.psp.capture(payment, EUR(1250))).toMatchObject({ status: 'declined' });
      });
    });

    describe('refund', () => {
      const refund = (payment: { reference: string; providerReference: string | null }, amount: number) => ({
        reference: `rfd_contract${++count}`,
        payment,
        money: EUR(amount),
      });

      it('gives back in parts, and never more than was taken', async () => {
        const { payment, reference } = await charged();
        expect(await provider.psp.refund(refund(payment, 1000))).toMatchObject({ status: 'succeeded' });
        expect(await provider.psp.refund(refund(payment, 251))).toMatchObject({ status: 'failed' });
        expect(await provider.psp.refund(refund(payment, 250))).toMatchObject({ status: 'succeeded' });
        expect(provider.moved(reference)).toMatchObject({ taken: 1250, refunded: 1250 });
        expect(await provider.psp.lookUp(payment)).toMatchObject({ status: 'approved', refunded: 1250 });
      });

      it('gives back once, however often it is asked', async () => {
        const { payment, reference } = await charged();
        const asked = refund(payment, 500);
        const first = await provider.psp.refund(asked);
        expect(await provider.psp.refund(asked)).toEqual(first);
        expect(provider.moved(reference).refunded).toBe(500);
      });

      it('A32: is found after an answer that was lost', async () => {
        const { payment } = await charged();
        const asked = refund(payment, 500);
        expect(await provider.psp.lookUpRefund(asked)).toEqual({ status: 'absent' });
        provider.next('took_then_silent');
        expect(await provider.psp.refund(asked)).toEqual({ status: 'unknown', why: 'timed_out' });
        expect(await provider.psp.lookUpRefund(asked)).toMatchObject({ status: 'succeeded' });
      });
    });

    describe('a refund that was made elsewhere', () => {
      it('is told by a webhook, and shown by a look-up beside ours', async () => {
        const { payment, reference } = await charged();
        const asked = { reference: `rfd_contract${++count}`, payment, money: EUR(250) };
        expect(await provider.psp.refund(asked)).toMatchObject({ status: 'succeeded' });
        const { body, headers } = provider.refundElsewhere(reference, 400);
        expect(provider.psp.webhook(body, headers)).toMatchObject({ payment, refund: true });
        expect(await provider.psp.lookUp(payment)).toMatchObject({ status: 'approved', refunded: 650 });
        expect(await provider.psp.lookUpRefund(asked)).toMatchObject({ status: 'succeeded' });
      });
    });

    describe('verify and tokenize', () => {
      it('verifies without taking anything', async () => {
        const asked = cardRequest();
        expect(await provider.psp.verify(asked)).toMatchObject({ status: 'approved', money: null });
        expect(provider.moved(asked.reference)).toEqual({ reserved: 0, taken: 0, refunded: 0, takings: 0 });
      });

      it('refuses a wrong code', async () => {
        const instrument = keyed(provider.cards.wrongCode, '999');
        expect(await provider.psp.verify(cardRequest({ instrument }))).toMatchObject({
          status: 'declined',
          code: 'incorrect_cvc',
        });
      });

      it('keeps a card, charges it by its name, and forgets it', async () => {
        const kept = await provider.psp.tokenize(cardRequest({ stored: true }));
        if (kept.status !== 'approved') throw new Error('not kept');
        expect(kept.stored).not.toContain(provider.cards.good.slice(0, 12));
        const instrument = { kind: 'stored' as const, reference: kept.stored };
        const { outcome, reference } = await charged({ instrument });
        expect(outcome).toMatchObject({ status: 'approved', money: EUR(1250) });
        expect(provider.moved(reference).takings).toBe(1);
        await provider.psp.forget(kept.stored);
        await provider.psp.forget(kept.stored);
        const afterwards = await charged({ instrument });
        expect(afterwards.outcome.status).toBe('declined');
        expect(provider.moved(afterwards.reference).takings).toBe(0);
      });
    });

    describe('look-up', () => {
      it('finds nothing that was never asked for', async () => {
        expect(await provider.psp.lookUp({ reference: nextReference(), providerReference: null })).toEqual({
          status: 'absent',
        });
      });

      it('rejects when the truth cannot be had', async () => {
        await expect(
          provider.unreachable.lookUp({ reference: nextReference(), providerReference: null }),
        ).rejects.toMatchObject({ code: 'psp_unavailable' });
      });
    });

    describe('a hosted page', () => {
      const open = async (keep = false) => {
        const reference = nextReference();
        const page = await provider.psp.hostedPage({
          reference,
          money: EUR(1250),
          description: 'Order 1042',
          language: 'fr',
          keep,
          returnUrl: 'https://shop.example/thanks',
          expiresAt: new Date(Date.now() + 45 * 60_000).toISOString(),
        });
        return { page, name: nameOf({ reference }, page.providerReference) };
      };
      const paid = async (change: { keep?: boolean; number?: string } = {}) => {
        const { page, name } = await open(change.keep);
        await provider.pay(page, true, change.number);
        const found = await provider.psp.lookUp(name);
        if (found.status !== 'approved') throw new Error(`it is ${found.status}`);
        return found;
      };

      it('waits for the payer, and is paid once he agrees', async () => {
        const { page, name } = await open();
        expect(await provider.psp.lookUp(name)).toMatchObject({ status: 'pending', step: 'open' });
        await provider.pay(page, true);
        expect(await provider.psp.lookUp(name)).toMatchObject({ status: 'approved', money: EUR(1250) });
        expect(provider.moved(name.reference).takings).toBe(1);
      });

      it('shows the card that was typed, what it can be charged as, and not its number', async () => {
        const found = await paid({ number: provider.cards.coBadged });
        expect(found).toMatchObject({
          card: { brand: 'visa', last4: '1001', expMonth: 12, expYear: 2034 },
          ...{ networks: ['cartes_bancaires', 'visa'], network: 'cartes_bancaires', stored: null },
          networkTransactionId: expect.any(String) as unknown,
        });
        expect(inspect(found, { depth: 9 })).not.toContain(provider.cards.coBadged.slice(0, -4));
      });

      it('knows a card again by its fingerprint', async () => {
        const fingerprints = [
          await paid(),
          await paid({ keep: true }),
          await paid({ number: provider.cards.coBadged }),
        ].map(({ card }) => card?.fingerprint ?? '');
        expect(fingerprints[0]).toMatch(/^[!-~]{1,64}$/);
        expect(new Set(fingerprints).size).toBe(2);
        expect(fingerprints[0]).toBe(fingerprints[1]);
      });

      it('keeps no card that it is not to keep', async () => {
        const before = provider.kept();
        expect((await paid()).stored).toBeNull();
        expect(provider.kept()).toBe(before);
      });

      it('keeps a card, charges it later as one of a page without its payer, and forgets it', async () => {
        const before = provider.kept();
        const { stored, networkTransactionId } = await paid({ keep: true });
        if (stored === null) throw new Error('not kept');
        expect(provider.kept()).toBe(before + 1);
        const instrument = { kind: 'stored' as const, reference: stored };
        const later = { instrument, entry: 'ecommerce', stored: true, unattended: true } as const;
        const { outcome, reference } = await charged({ ...later, networkTransactionId });
        expect(outcome).toMatchObject({ status: 'approved', money: EUR(1250), card: null, stored: null });
        expect(provider.flagsOf(reference)).toEqual({ moto: false, unattended: true });
        await provider.psp.forget(stored);
        await provider.psp.forget(stored);
        expect(provider.kept()).toBe(before);
        const afterwards = await charged({ ...later, networkTransactionId });
        expect(afterwards.outcome.status).toBe('declined');
        expect(provider.moved(afterwards.reference).takings).toBe(0);
      });

      it('takes nothing from a payer who refuses', async () => {
        const { page, name } = await open();
        await provider.pay(page, false);
        expect((await provider.psp.lookUp(name)).status).not.toBe('approved');
        expect(provider.moved(name.reference).takings).toBe(0);
      });

      it('is over once it is closed', async () => {
        const { page, name } = await open();
        await provider.psp.closePage(name);
        await provider.pay(page, true).catch(() => {});
        expect(await provider.psp.lookUp(name)).toMatchObject({
          status: 'declined',
          code: 'processing_error',
        });
        expect(provider.moved(name.reference).takings).toBe(0);
      });
    });

    describe('a webhook', () => {
      it('A31: names the payment, and the same each time that it comes', async () => {
        const { payment } = await charged();
        const { body, headers } = provider.notice(payment.reference);
        const notice = provider.psp.webhook(body, headers);
        const { providerReference } = payment;
        expect(notice).toMatchObject({ payment: { providerReference }, refund: false });
        expect(provider.psp.webhook(body, headers)).toEqual(notice);
      });

      it('A31: is not believed when it was changed, unsigned, or is too old', async () => {
        const { reference } = await charged();
        const { body, headers } = provider.notice(reference);
        const changed = Buffer.from(body);
        changed[10] = (changed[10] ?? 0) ^ 1;
        expect(provider.psp.webhook(changed, headers)).toBeNull();
        expect(provider.psp.webhook(body, {})).toBeNull();
        provider.later(301_000);
        expect(provider.psp.webhook(body, headers)).toBeNull();
        provider.later(-301_000);
        expect(provider.psp.webhook(body, headers)).not.toBeNull();
      });

      it('A31: is of no matter when it tells of nothing that is charged', () => {
        const { body, headers } = provider.notice(null);
        expect(provider.psp.webhook(body, headers)).toBe('irrelevant');
      });
    });

    describe('abilities', () => {
      const page = () => ({
        ...{ reference: nextReference(), money: EUR(1250), description: null, language: 'en' as const },
        ...{
          keep: false,
          returnUrl: 'https://shop.example/',
          expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
        },
      });

      it.each([
        ['raw_card', (psp: Psp) => psp.authorize(request())],
        ['verify', (psp: Psp) => psp.verify(cardRequest())],
        ['authorize_only', (psp: Psp) => psp.authorize(request({ capture: false }))],
        ['void', (psp: Psp) => psp.void(nameOf({ reference: 'chg_1' }, 'pay_1'))],
        ['tokenize', (psp: Psp) => psp.tokenize(cardRequest())],
        ['hosted_page', (psp: Psp) => psp.hostedPage(page())],
        ['choose_network', (psp: Psp) => psp.authorize(request({ network: 'visa' }))],
      ] as const)('are respected: %s', async (ability, ask) => {
        expect(provider.psp.abilities.has(ability)).toBe(true);
        await expect(ask(provider.without(ability))).rejects.toMatchObject({ code: 'psp_cannot' });
      });
    });

    it('says what may be charged in a currency', () => {
      expect(provider.psp.bounds('XTS')).toBeNull();
      const euro = provider.psp.bounds('EUR');
      expect(euro?.least).toBeGreaterThan(0);
      expect(euro?.most).toBeGreaterThanOrEqual(99_999_999);
    });
  });
}

function digitsOf(text: string): Uint8Array {
  return Uint8Array.from(text, Number);
}
