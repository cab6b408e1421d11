import { describe, expect, it } from '@jest/globals';
import { LANGUAGES } from '../../src/capture/flow.js';
import { IN_DOUBT, REFUSALS, declineOf } from '../../src/charge/refusals.js';
import { REFUSAL_NAMES, refusalNamed } from '../../src/psp/decline-code.js';

const TELLINGS = [...Object.values(REFUSALS).map(({ telling }) => telling), IN_DOUBT];
const FRENCH = TELLINGS.flatMap(({ fr }) => [fr.forAgent, fr.forCaller]);
const ENGLISH = TELLINGS.flatMap(({ en }) => [en.forAgent, en.forCaller]);

describe('declineOf', () => {
  it('tells the agent what to do and the caller what became of it', () => {
    expect(declineOf('authentication_required', 'en')).toEqual({
      code: 'authentication_required',
      for_agent:
        'The bank wants the caller to authenticate, which a phone payment cannot do. Send a payment link: the same card can be used there.',
      for_caller:
        'Your bank asks you to confirm this payment with it, and nothing has been taken. You can pay by a secure link instead.',
      next: 'link',
    });
  });

  it('has every neutral code in every language', () => {
    for (const code of REFUSAL_NAMES) {
      for (const language of LANGUAGES) {
        const view = declineOf(code, language);
        expect(view.for_agent).toMatch(/^\p{Lu}.{30,200}\.$/u);
        expect(view.for_caller).toMatch(/^\p{Lu}.{30,160}\.$/u);
      }
    }
  });
});

describe('refusalNamed', () => {
  it('finds the words of every refusal by what is shown of it', () => {
    for (const name of REFUSAL_NAMES) {
      const { code, next } = declineOf(name, 'en');
      expect(refusalNamed(code, next)).toBe(name);
    }
    expect(declineOf('not_by_phone', 'en').code).toBe('authentication_required');
    expect(refusalNamed('some_other', 'retry')).toBeNull();
  });
});

describe('REFUSALS', () => {
  it('names the next step of each code', () => {
    expect(Object.fromEntries(Object.entries(REFUSALS).map(([code, { next }]) => [code, next]))).toEqual({
      card_declined: 'other_card',
      expired_card: 'other_card',
      incorrect_cvc: 'retry',
      incorrect_number: 'retry',
      insufficient_funds: 'other_card',
      authentication_required: 'link',
      processing_error: 'retry',
      call_issuer: 'other_card',
      pickup_card: 'stop',
      unsupported: 'other_card',
      limit_reached: 'stop',
      not_by_phone: 'other_card',
    });
  });

  it('tells the caller each time that nothing was taken', () => {
    for (const { telling } of Object.values(REFUSALS)) {
      expect(telling.en.forCaller).toMatch(/nothing has been taken/i);
      expect(telling.fr.forCaller).toContain('rien n’a été débité');
    }
  });

  it('does not tell the caller of a lack of money or of a blocked card', () => {
    for (const code of ['insufficient_funds', 'pickup_card'] as const) {
      const { en, fr } = REFUSALS[code].telling;
      expect(`${en.forCaller} ${fr.forCaller}`).not.toMatch(
        /fund|limit|block|stolen|solde|plafond|bloqu|vol/i,
      );
    }
  });
});

describe('IN_DOUBT', () => {
  it('says that nobody is charged twice, and never to try again', () => {
    expect(IN_DOUBT.en.forCaller).toContain('You will not be charged twice');
    expect(IN_DOUBT.fr.forCaller).toContain('Vous ne serez pas débité deux fois');
    for (const { forAgent, forCaller } of Object.values(IN_DOUBT)) {
      expect(`${forAgent} ${forCaller}`).not.toMatch(/try|retry|réessay|refaire|nothing has been/i);
    }
  });
});

describe('the sentences', () => {
  it('keep a no-break space before the high signs of French, and its apostrophe', () => {
    for (const sentence of FRENCH) {
      expect(sentence).not.toMatch(/[^\u00a0]:|[^\u202f][;!?]|['"]/);
    }
  });

  it('are without doubled spaces, quotes and digits', () => {
    for (const sentence of [...FRENCH, ...ENGLISH]) expect(sentence).not.toMatch(/\s\s|["\d]| [.,;:!?]/);
  });
});
