import { describe, expect, it } from '@jest/globals';
import type { DeskView } from '../../../src/call/calls.js';
import {
  FIELD_NAMES,
  LINK_CHANNELS,
  LINK_STATUSES,
  OUTCOMES,
  REASONS,
  type FieldError,
  type FieldView,
  type LinkView,
  type Reason,
} from '../../../src/capture/view.js';
import { declineOf } from '../../../src/charge/refusals.js';
import { dots } from '../../../src/card/mask.js';
import { sentenceFor } from '../../../src/console/web/sentences.js';
import { CARD_VIEW } from '../../support/card-view.js';
import { CALL, CAPTURE, LINK } from '../../support/http-world.js';

const LANGUAGES = ['fr', 'en'] as const;
const ERRORS: readonly FieldError[] = [
  'timeout',
  'invalid-card-number',
  'invalid-card-type',
  'invalid-date',
  'invalid-security-code',
  'invalid-postal-code',
];

const DESK: DeskView = {
  call: CALL,
  capture: null,
  keying: false,
  choosing: false,
  deadline: null,
  attempts: 3,
};

function asked(field: Partial<FieldView>): DeskView {
  const whole: FieldView = {
    name: 'payment-card-number',
    status: 'collecting',
    digits_entered: 0,
    masked: dots(0),
    attempt: 1,
    error: null,
    ...field,
  };
  return { ...DESK, capture: { ...CAPTURE, current_field: whole.name, fields: [whole] } };
}

function linked(link: Partial<LinkView>, call = CALL): DeskView {
  return { ...DESK, call, capture: { ...CAPTURE, status: 'processing', link: { ...LINK, ...link } } };
}

describe('the sentence to say', () => {
  it('is one sentence for every state, in both languages', () => {
    const states: DeskView[] = [
      DESK,
      { ...DESK, call: { ...CALL, keys_before_capture: 3 } },
      { ...DESK, capture: CAPTURE, choosing: true },
      ...FIELD_NAMES.flatMap((name) => [
        asked({ name }),
        asked({ name, digits_entered: 2 }),
        ...ERRORS.map((error) => asked({ name, error })),
      ]),
      ...OUTCOMES.flatMap((outcome): DeskView[] => [
        { ...DESK, capture: { ...CAPTURE, outcome, status: 'processing' } },
        { ...DESK, capture: { ...CAPTURE, outcome, status: 'completed', card: CARD_VIEW } },
      ]),
      ...REASONS.map((reason): DeskView => ({ ...DESK, capture: { ...CAPTURE, status: 'failed', reason } })),
    ];
    for (const language of LANGUAGES) {
      for (const state of states) {
        // One full stop or question mark, at the end; a short "Thank you." or "I am sorry" may come before.
        expect(sentenceFor(state, language)).toMatch(/^(Thank you\. |Merci\. )?\p{Lu}[^.?!]{15,}[.?]$/u);
      }
    }
  });

  it('changes with the field, its error and the digits that came', () => {
    expect(sentenceFor(asked({}), 'en')).toBe(
      'Please key your card number on your telephone’s keypad; I hear only beeps.',
    );
    expect(sentenceFor(asked({ error: 'invalid-card-number' }), 'en')).toBe(
      'A digit went astray: please key the whole card number once more.',
    );
    expect(sentenceFor(asked({ error: 'invalid-card-number', digits_entered: 1 }), 'en')).toBe(
      'Carry on, take your time; the star key starts the number again.',
    );
    expect(sentenceFor(asked({ name: 'expiration-date', error: 'timeout' }), 'fr')).toBe(
      'Je ne reçois plus rien : recomposez la date d’expiration, le mois puis l’année.',
    );
  });

  it('leaves the choice of a network to the payer', () => {
    expect(sentenceFor({ ...DESK, capture: CAPTURE, choosing: true }, 'en')).toBe(
      'Your card has two brands, and the choice is yours: press 1 or 2 as you hear it, or hash for either.',
    );
  });

  it('after a refusal is what the caller heard, in the language of the page', () => {
    const decline = declineOf('card_declined', 'en');
    const refused = { ...CAPTURE, status: 'failed', decline } as const;
    const at = (reason: Reason): DeskView => ({ ...DESK, capture: { ...refused, reason } });
    expect(sentenceFor(at('charge_declined'), 'en')).toBe(decline.for_caller);
    expect(sentenceFor(at('attempts_used_up'), 'fr')).toBe(declineOf('card_declined', 'fr').for_caller);
    expect(sentenceFor(at('caller_hung_up'), 'en')).toBe(
      'The caller has hung up: call back and start again.',
    );
  });

  it('is there for every state of a payment link, in both languages', () => {
    const said = LANGUAGES.flatMap((language) =>
      LINK_CHANNELS.flatMap((channel) =>
        LINK_STATUSES.map((status) => sentenceFor(linked({ channel, status }), language)),
      ),
    );
    expect(said.filter((sentence) => !/^\p{Lu}.{15,}[.?]$/u.test(sentence ?? ''))).toEqual([]);
  });

  it('offers no other link after one that the agent has closed', () => {
    expect(sentenceFor(linked({ status: 'cancelled' }), 'en')).toBe(
      'I have closed the link, and nothing has been taken: how would you like to pay?',
    );
  });

  it('says of a message that never arrived what can be done, until the link is opened', () => {
    const lost =
      'The message has not reached you, I am sorry: shall I send the link another way, or read it out?';
    const status = 'sent';
    expect(sentenceFor(linked({ status, delivery: 'failed' }), 'en')).toBe(lost);
    expect(sentenceFor(linked({ status: 'opened', delivery: 'failed' }), 'en')).not.toBe(lost);
  });

  it('tells the agent what can still come of a link once the caller has gone', () => {
    const gone = { ...CALL, status: 'ended' } as const;
    const unpaid = linked({ status: 'expired' }, gone);
    expect(sentenceFor(linked({ status: 'opened' }, gone), 'en')).toBe(
      'The caller has gone, and can still pay by the link: wait for it, or close it.',
    );
    expect(
      sentenceFor({ ...unpaid, capture: { ...CAPTURE, ...unpaid.capture, status: 'failed' } }, 'en'),
    ).toBe('The link was not paid, and nothing has been taken: call back if the payment is still wanted.');
    expect(sentenceFor(linked({ status: 'paid' }, gone), 'en')).toBeNull();
  });

  it('is not there while the call rings, or when it ended and nothing is open', () => {
    expect(sentenceFor({ ...DESK, call: { ...CALL, status: 'ringing' } }, 'en')).toBeNull();
    expect(sentenceFor({ ...DESK, call: { ...CALL, status: 'ended' } }, 'en')).toBeNull();
  });
});
