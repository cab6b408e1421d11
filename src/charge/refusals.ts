import type { Language } from '../capture/flow.js';
import type { DeclineView, NextStep } from '../capture/view.js';
import type { RefusalName } from '../psp/decline-code.js';

/** What to tell whom: the agent what to do, the caller what became of it. */
export interface Telling {
  forAgent: string;
  forCaller: string;
}

export interface Refusal {
  /** By token, or once no attempt of the capture is left. */
  next: NextStep;
  telling: Readonly<Record<Language, Telling>>;
}

/**
 * Every refusal, explained. The caller's sentences are spoken: they fit a verification as well as a charge, blame
 * nobody, and say that nothing was taken. Why a bank blocks a card, or that money lacks, is not for a third ear.
 */
export const REFUSALS: Readonly<Record<RefusalName, Refusal>> = {
  card_declined: {
    next: 'other_card',
    telling: {
      en: {
        forAgent:
          'The bank refused and gave no reason. Offer another card, or have the caller ask the bank. The same card would be refused again.',
        forCaller: 'Your bank did not accept the card, and nothing has been taken. You may use another card.',
      },
      fr: {
        forAgent:
          'La banque a refusé sans donner de motif. Proposez une autre carte, ou invitez le client à contacter sa banque. La même carte serait de nouveau refusée.',
        forCaller:
          'Votre banque n’a pas accepté la carte ; rien n’a été débité. Vous pouvez utiliser une autre carte.',
      },
    },
  },
  expired_card: {
    next: 'other_card',
    telling: {
      en: {
        forAgent:
          'The bank says that the card has expired; the date may also be keyed wrong. Have it checked on the card, or offer another card.',
        forCaller:
          'The expiry date was not accepted, and nothing has been taken. Please check it on your card, or use another card.',
      },
      fr: {
        forAgent:
          'Selon la banque, la carte a expiré ; la date a pu aussi être mal composée. Faites-la vérifier sur la carte, ou proposez une autre carte.',
        forCaller:
          'La date d’expiration n’a pas été acceptée ; rien n’a été débité. Merci de la vérifier sur votre carte, ou d’utiliser une autre carte.',
      },
    },
  },
  incorrect_cvc: {
    next: 'retry',
    telling: {
      en: {
        forAgent:
          'The security code is not the one of this card. Have it read again: on the back of the card, or on the front of an American Express.',
        forCaller:
          'The security code was not accepted, and nothing has been taken. Please check it on your card.',
      },
      fr: {
        forAgent:
          'Le cryptogramme n’est pas celui de cette carte. Faites-le relire : au dos de la carte, ou au recto d’une American Express.',
        forCaller:
          'Le cryptogramme n’a pas été accepté ; rien n’a été débité. Merci de le vérifier sur votre carte.',
      },
    },
  },
  incorrect_number: {
    next: 'retry',
    telling: {
      en: {
        forAgent: 'No card has this number. Have it checked and keyed again, or offer another card.',
        forCaller:
          'The card number was not accepted, and nothing has been taken. Please check it on your card.',
      },
      fr: {
        forAgent:
          'Aucune carte ne porte ce numéro. Faites-le vérifier et composer de nouveau, ou proposez une autre carte.',
        forCaller:
          'Le numéro de carte n’a pas été accepté ; rien n’a été débité. Merci de le vérifier sur votre carte.',
      },
    },
  },
  insufficient_funds: {
    next: 'other_card',
    telling: {
      en: {
        forAgent:
          'The account or the limit of the card does not cover the amount. Offer another card, and leave the reason to the bank.',
        forCaller:
          'Your bank did not accept the amount, and nothing has been taken. You may use another card.',
      },
      fr: {
        forAgent:
          'Le compte ou le plafond de la carte ne couvre pas le montant. Proposez une autre carte, et laissez la banque en dire la raison.',
        forCaller:
          'Votre banque n’a pas accepté le montant ; rien n’a été débité. Vous pouvez utiliser une autre carte.',
      },
    },
  },
  authentication_required: {
    next: 'link',
    telling: {
      en: {
        forAgent:
          'The bank wants the caller to authenticate, which a phone payment cannot do. Send a payment link: the same card can be used there.',
        forCaller:
          'Your bank asks you to confirm this payment with it, and nothing has been taken. You can pay by a secure link instead.',
      },
      fr: {
        forAgent:
          'La banque demande une authentification, impossible par téléphone. Envoyez un lien de paiement : la même carte peut y servir.',
        forCaller:
          'Votre banque vous demande de confirmer ce paiement auprès d’elle ; rien n’a été débité. Vous pouvez payer par un lien sécurisé.',
      },
    },
  },
  processing_error: {
    next: 'retry',
    telling: {
      en: {
        forAgent:
          'The payment was not processed, and no money moved. Try once more in a moment; after that, offer another card.',
        forCaller: 'The payment could not be processed, and nothing has been taken. We can do it once more.',
      },
      fr: {
        forAgent:
          'Le paiement n’a pas été traité et rien n’a été débité. Réessayez une fois dans un instant ; ensuite, proposez une autre carte.',
        forCaller:
          'Le paiement n’a pas pu être traité ; rien n’a été débité. Nous pouvons le refaire une fois.',
      },
    },
  },
  call_issuer: {
    next: 'other_card',
    telling: {
      en: {
        forAgent:
          'The bank wants its customer to call. The caller rings the number on the back of the card, or uses another card.',
        forCaller:
          'Your bank asks you to call the number on the back of your card, and nothing has been taken. You may also use another card.',
      },
      fr: {
        forAgent:
          'La banque souhaite que son client l’appelle, au numéro inscrit au dos de la carte. Sinon, proposez une autre carte.',
        forCaller:
          'Votre banque vous invite à appeler le numéro inscrit au dos de votre carte ; rien n’a été débité. Vous pouvez aussi utiliser une autre carte.',
      },
    },
  },
  pickup_card: {
    next: 'stop',
    telling: {
      en: {
        forAgent:
          'The bank has blocked this card. Do not try it again and do not comment on it: refer the caller to the bank.',
        forCaller: 'Your bank did not accept the card, and nothing has been taken. Please contact your bank.',
      },
      fr: {
        forAgent:
          'La banque a bloqué cette carte. Ne la réessayez pas, ne commentez pas : renvoyez le client vers sa banque.',
        forCaller:
          'Votre banque n’a pas accepté la carte ; rien n’a été débité. Merci de contacter votre banque.',
      },
    },
  },
  unsupported: {
    next: 'other_card',
    telling: {
      en: {
        forAgent: 'This card is not made for such a payment, or not in this currency. Offer another card.',
        forCaller: 'This card cannot be used here, and nothing has been taken. You may use another card.',
      },
      fr: {
        forAgent:
          'Cette carte ne permet pas un tel paiement, ou pas dans cette devise. Proposez une autre carte.',
        forCaller:
          'Cette carte n’est pas utilisable ici ; rien n’a été débité. Vous pouvez utiliser une autre carte.',
      },
    },
  },
  limit_reached: {
    next: 'stop',
    telling: {
      en: {
        forAgent:
          'Too many cards have been tried, and no bank was asked about this one. Take no further card on this call: the limit passes by itself, within an hour as a rule.',
        forCaller: 'We cannot take a card now, and nothing has been taken. Please try again later.',
      },
      fr: {
        forAgent:
          'Trop de cartes ont été essayées ; aucune banque n’a été interrogée pour celle-ci. Ne prenez plus de carte pendant cet appel : la limite se lève d’elle-même, en général dans l’heure.',
        forCaller:
          'Nous ne pouvons pas prendre de carte pour le moment ; rien n’a été débité. Merci de réessayer plus tard.',
      },
    },
  },
  not_by_phone: {
    next: 'other_card',
    telling: {
      en: {
        forAgent:
          'The bank wants the caller to authenticate, which cannot be done by phone, and there is no amount to be paid by a link. Offer another card.',
        forCaller:
          'Your bank does not accept this card by phone, and nothing has been taken. You may use another card.',
      },
      fr: {
        forAgent:
          'La banque demande une authentification, impossible par téléphone, et il n’y a pas de montant à payer par un lien. Proposez une autre carte.',
        forCaller:
          'Votre banque n’accepte pas cette carte par téléphone ; rien n’a été débité. Vous pouvez utiliser une autre carte.',
      },
    },
  },
};

/** While nobody knows whether money was taken: nothing here invites a second try. */
export const IN_DOUBT: Readonly<Record<Language, Telling>> = {
  en: {
    forAgent:
      'It is not known yet whether the payment went through; the provider is being asked. Do not take it again, in any way: the result will show here.',
    forCaller: 'We are checking your payment. You will not be charged twice.',
  },
  fr: {
    forAgent:
      'On ignore encore si le paiement est passé ; le prestataire est interrogé. Ne l’encaissez pas une seconde fois, d’aucune façon : le résultat s’affichera ici.',
    forCaller: 'Nous vérifions votre paiement. Vous ne serez pas débité deux fois.',
  },
};

/** A refusal as it is shown. */
export function declineOf(name: RefusalName, language: Language): DeclineView {
  const { next, telling } = REFUSALS[name];
  const { forAgent, forCaller } = telling[language];
  const code = name === 'not_by_phone' ? 'authentication_required' : name;
  return { code, for_agent: forAgent, for_caller: forCaller, next };
}
