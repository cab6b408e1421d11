import type { DeskView } from '../../call/calls.js';
import type { CaptureView, FieldError, FieldName, FieldView, Outcome, Reason } from '../../capture/view.js';
import type { Language } from './language.js';
import { isOpenLink, standingOf } from './link-standing.js';
import { LINK_TEXT } from './link-text.js';
import { tellingOf } from './telling.js';

/** The one sentence that the agent says next, for every state that a call can be in. */
interface Sentences {
  offer: string;
  /** Keys came before a capture was armed: they were masked and not kept. */
  tooEarly: string;
  ask: Record<FieldName, string>;
  /** While digits of the field are coming in. */
  keying: Record<FieldName, string>;
  /** A card of two brands: the payer chooses, and nobody for him. */
  choosing: string;
  wrong: Record<Exclude<FieldError, 'timeout'>, string>;
  timeout: Record<FieldName, string>;
  processing: Record<Outcome, string>;
  completed: Record<Outcome, (last4: string) => string>;
  ended: Record<Reason, string>;
}

const SENTENCES: Record<Language, Sentences> = {
  en: {
    offer: 'When you are ready, you will key your card on your telephone; please have it in front of you.',
    tooEarly: 'Please stop keying for a moment: I will tell you when to start, from the first digit.',
    ask: {
      'payment-card-number': 'Please key your card number on your telephone’s keypad; I hear only beeps.',
      'expiration-date': 'Now the expiry date, please: two digits for the month, two for the year.',
      'security-code':
        'Now the security code, please: the three digits on the back, or four on the front of an Amex.',
      'postal-code': 'Now the postal code of your billing address, please, then the hash key.',
    },
    choosing:
      'Your card has two brands, and the choice is yours: press 1 or 2 as you hear it, or hash for either.',
    keying: {
      'payment-card-number': 'Carry on, take your time; the star key starts the number again.',
      'expiration-date': 'Carry on: month, then year; the star key starts the date again.',
      'security-code': 'Carry on; the star key starts the code again.',
      'postal-code': 'Carry on, and finish with the hash key.',
    },
    wrong: {
      'invalid-card-number': 'A digit went astray: please key the whole card number once more.',
      'invalid-card-type': 'We do not take that card, I am sorry: do you have another one to key?',
      'invalid-date':
        'That date was not accepted: please key the month, then the year, with two digits each.',
      'invalid-security-code': 'That code was not accepted: please key the security code once more.',
      'invalid-postal-code': 'That postal code was not accepted: please key it once more, then the hash key.',
    },
    timeout: {
      'payment-card-number': 'Nothing more came in: please key your whole card number, from the first digit.',
      'expiration-date': 'Nothing more came in: please key the expiry date, month then year.',
      'security-code': 'Nothing more came in: please key the security code again.',
      'postal-code': 'Nothing more came in: please key the postal code again, then the hash key.',
    },
    processing: {
      token: 'Thank you. One moment, your card is being put away safely.',
      verify: 'Thank you. One moment, your bank is being asked about the card.',
      charge: 'Thank you. One moment, your payment is being made.',
    },
    completed: {
      token: (last4) => `Thank you, your card ending in ${last4} has been taken safely.`,
      verify: (last4) =>
        `Thank you, your bank has confirmed the card ending in ${last4}; nothing was charged.`,
      charge: (last4) => `Thank you, your payment with the card ending in ${last4} has been accepted.`,
    },
    ended: {
      caller_hung_up: 'The caller has hung up: call back and start again.',
      agent_hung_up: 'You hung up: call back and start again.',
      attempts_used_up:
        'It did not work this time, I am sorry: shall we try again, perhaps with another card?',
      vault_unavailable: 'We cannot take your card at the moment, I am sorry; nothing was kept or charged.',
      service_restarted: 'We were interrupted, I am sorry; nothing was kept: may I ask you to start again?',
      guard_alarm: 'I have stopped this for your safety; nothing was kept: may I call you back?',
      verification_failed: 'Your bank did not confirm this card, I am sorry: do you have another one?',
      charge_declined: 'The payment was declined, I am sorry: do you have another card?',
      charge_unknown:
        'We do not know yet whether the payment went through: please don’t pay again, we will call you back.',
      cancelled_by_agent: 'I have stopped it; nothing you keyed was kept.',
      cancelled_by_caller: 'You have stopped it; nothing you keyed was kept: shall we start again?',
    },
  },
  fr: {
    offer:
      'Quand vous serez prêt, vous composerez votre carte sur votre téléphone ; gardez-la sous les yeux.',
    tooEarly:
      'Attendez un instant avant de composer : je vous dirai quand commencer, depuis le premier chiffre.',
    ask: {
      'payment-card-number':
        'Composez votre numéro de carte sur le clavier de votre téléphone ; je n’entends que des bips.',
      'expiration-date': 'Maintenant la date d’expiration : deux chiffres pour le mois, deux pour l’année.',
      'security-code':
        'Maintenant le cryptogramme : les trois chiffres au dos, ou quatre sur le devant d’une Amex.',
      'postal-code': 'Maintenant le code postal de votre adresse de facturation, puis la touche dièse.',
    },
    choosing:
      'Votre carte porte deux marques, à vous de choisir : tapez 1 ou 2 comme annoncé, ou dièse sans préférence.',
    keying: {
      'payment-card-number': 'Continuez, prenez votre temps ; la touche étoile efface le numéro.',
      'expiration-date': 'Continuez : le mois, puis l’année ; la touche étoile efface la date.',
      'security-code': 'Continuez ; la touche étoile efface le code.',
      'postal-code': 'Continuez, et terminez par la touche dièse.',
    },
    wrong: {
      'invalid-card-number':
        'Un chiffre s’est perdu : recomposez le numéro de carte en entier, s’il vous plaît.',
      'invalid-card-type':
        'Nous ne prenons pas cette carte, je suis désolé : en avez-vous une autre à composer ?',
      'invalid-date':
        'Cette date n’est pas acceptée : recomposez le mois puis l’année, deux chiffres chacun.',
      'invalid-security-code': 'Ce code n’est pas accepté : recomposez le cryptogramme, s’il vous plaît.',
      'invalid-postal-code': 'Ce code postal n’est pas accepté : recomposez-le, puis la touche dièse.',
    },
    timeout: {
      'payment-card-number':
        'Je ne reçois plus rien : recomposez le numéro de carte depuis le premier chiffre.',
      'expiration-date': 'Je ne reçois plus rien : recomposez la date d’expiration, le mois puis l’année.',
      'security-code': 'Je ne reçois plus rien : recomposez le cryptogramme, s’il vous plaît.',
      'postal-code': 'Je ne reçois plus rien : recomposez le code postal, puis la touche dièse.',
    },
    processing: {
      token: 'Merci. Un instant, votre carte est mise en lieu sûr.',
      verify: 'Merci. Un instant, votre banque est interrogée.',
      charge: 'Merci. Un instant, votre paiement est en cours.',
    },
    completed: {
      token: (last4) => `Merci, votre carte qui finit par ${last4} est bien enregistrée.`,
      verify: (last4) =>
        `Merci, votre banque a confirmé la carte qui finit par ${last4} ; rien n’a été débité.`,
      charge: (last4) => `Merci, votre paiement avec la carte qui finit par ${last4} est accepté.`,
    },
    ended: {
      caller_hung_up: 'L’appelant a raccroché : rappelez-le et recommencez.',
      agent_hung_up: 'Vous avez raccroché : rappelez et recommencez.',
      attempts_used_up:
        'Cela n’a pas fonctionné, je suis désolé : essayons encore, peut-être avec une autre carte ?',
      vault_unavailable:
        'Nous ne pouvons pas prendre votre carte pour l’instant ; rien n’a été gardé ni débité.',
      service_restarted: 'Nous avons été interrompus, rien n’a été gardé : pouvez-vous recommencer ?',
      guard_alarm: 'J’ai tout arrêté par sécurité, rien n’a été gardé : puis-je vous rappeler ?',
      verification_failed:
        'Votre banque n’a pas confirmé cette carte, je suis désolé : en avez-vous une autre ?',
      charge_declined: 'Le paiement est refusé, je suis désolé : avez-vous une autre carte ?',
      charge_unknown:
        'Nous ignorons encore si le paiement est passé : ne payez pas à nouveau, nous vous rappelons.',
      cancelled_by_agent: 'J’ai tout arrêté ; rien de ce que vous avez composé n’a été gardé.',
      cancelled_by_caller: 'Vous avez tout arrêté, rien n’a été gardé : voulez-vous recommencer ?',
    },
  },
};

/** Null where there is nobody to say it to, and nothing to do: the call rings, or ended with nothing left open. */
export function sentenceFor({ call, capture, choosing }: DeskView, language: Language): string | null {
  const say = SENTENCES[language];
  const { link = null } = capture ?? {};
  if (call.status === 'ended') {
    if (isOpenLink(link)) return LINK_TEXT[language].say.stillOpen;
    if (capture?.status !== 'failed') return null;
    if (link !== null) return LINK_TEXT[language].say.unpaid;
  }
  if (capture === null) {
    if (call.status !== 'live') return null;
    return call.keys_before_capture > 0 ? say.tooEarly : say.offer;
  }
  const ofLink = sentenceForLink(capture, language);
  if (ofLink !== null) return ofLink;
  if (capture.status === 'processing') return say.processing[capture.outcome];
  if (capture.status === 'completed') return say.completed[capture.outcome](capture.card?.last4 ?? '');
  if (capture.reason !== null) return ended(capture, capture.reason, language);
  if (choosing) return say.choosing;
  const field = capture.fields.find(({ name }) => name === capture.current_field);
  return field ? sentenceForField(field, say) : null;
}

/** Null where a link isn't the last thing that happened. */
function sentenceForLink({ status, link }: CaptureView, language: Language): string | null {
  const { say } = LINK_TEXT[language];
  if (link === null || status === 'collecting') return null;
  const standing = standingOf(link);
  switch (standing) {
    case 'created':
    case 'sent':
      return say[link.channel];
    case 'spoken':
    case 'lost':
    case 'opened':
    case 'authenticated':
    case 'paid':
    case 'cancelled':
      return say[standing];
    default:
      return say.over;
  }
}

/** What was refused is said in the words that the caller has heard. */
function ended({ decline }: CaptureView, reason: Reason, language: Language): string {
  return decline === null || LEFT.has(reason)
    ? SENTENCES[language].ended[reason]
    : tellingOf(decline, language).forCaller;
}

/** A party who is gone, or wanted no more, is told nothing of a refusal before. */
const LEFT: ReadonlySet<Reason> = new Set([
  'caller_hung_up',
  'agent_hung_up',
  'cancelled_by_agent',
  'cancelled_by_caller',
]);

function sentenceForField(field: FieldView, say: Sentences): string {
  if (field.digits_entered > 0) return say.keying[field.name];
  if (field.error === null) return say.ask[field.name];
  return field.error === 'timeout' ? say.timeout[field.name] : say.wrong[field.error];
}
