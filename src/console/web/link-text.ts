import type { LinkChannel } from '../../capture/view.js';
import type { Language } from './language.js';
import type { LinkStanding } from './link-standing.js';

type Heard = 'lost' | 'opened' | 'authenticated' | 'paid' | 'cancelled' | 'over';

/** Every word about payment links. */
export interface LinkText {
  title: string;
  offer: string;
  to: string;
  hint: (caller: string) => string;
  send: Record<LinkChannel, string>;
  again: string;
  status: Record<LinkStanding, string>;
  undelivered: string;
  spoken: { address: string; code: string };
  validFor: string;
  cancel: string;
  /** To the caller; `stillOpen` and `unpaid` to the agent, once the caller is gone. */
  say: Record<LinkChannel | Heard, string> & { stillOpen: string; unpaid: string };
}

export const LINK_TEXT: Readonly<Record<Language, LinkText>> = {
  en: {
    title: 'Payment link',
    offer: 'The caller pays on a page that his bank secures. You both stay on the line.',
    to: 'Number or e-mail',
    hint: (caller) => `Empty: ${caller}`,
    send: { sms: 'Send by SMS', email: 'Send by e-mail', spoken: 'Read it out' },
    again: 'Send it again, or another way',
    status: {
      created: 'On its way',
      spoken: 'To be read out',
      lost: 'Not delivered',
      sent: 'Sent',
      opened: 'Opened',
      authenticated: 'Confirmed at the bank',
      paid: 'Paid',
      failed: 'Not paid',
      expired: 'Expired',
      cancelled: 'Cancelled',
    },
    undelivered: 'The message did not arrive. Send it another way.',
    spoken: { address: 'Address', code: 'Code' },
    validFor: 'Valid for',
    cancel: 'Close the link',
    say: {
      sms: 'I have sent you a text message with a link. Please open it and pay there; I stay on the line.',
      email: 'I have sent you an e-mail with a link. Please open it and pay there; I stay on the line.',
      spoken: 'Please open this address, and type this code there; I stay on the line.',
      lost: 'The message has not reached you, I am sorry: shall I send the link another way, or read it out?',
      opened: 'The page is open: please type your card there, and confirm with your bank.',
      authenticated: 'Your bank has confirmed that it is you. One moment, please.',
      paid: 'Thank you, your payment is accepted.',
      cancelled: 'I have closed the link, and nothing has been taken: how would you like to pay?',
      over: 'The link was not paid, and nothing has been taken. Shall I send you a new one?',
      stillOpen: 'The caller has gone, and can still pay by the link: wait for it, or close it.',
      unpaid: 'The link was not paid, and nothing has been taken: call back if the payment is still wanted.',
    },
  },
  fr: {
    title: 'Lien de paiement',
    offer: 'Le client paie sur une page sécurisée par sa banque. Vous restez en ligne tous les deux.',
    to: 'Numéro ou e-mail',
    hint: (caller) => `Vide : ${caller}`,
    send: { sms: 'Envoyer par SMS', email: 'Envoyer par e-mail', spoken: 'Le dicter' },
    again: 'Renvoyer, ou autrement',
    status: {
      created: 'En route',
      spoken: 'À dicter',
      lost: 'Non remis',
      sent: 'Envoyé',
      opened: 'Ouvert',
      authenticated: 'Confirmé auprès de la banque',
      paid: 'Payé',
      failed: 'Non payé',
      expired: 'Expiré',
      cancelled: 'Annulé',
    },
    undelivered: 'Le message n’est pas arrivé. Envoyez-le autrement.',
    spoken: { address: 'Adresse', code: 'Code' },
    validFor: 'Valable encore',
    cancel: 'Fermer le lien',
    say: {
      sms: 'Je vous ai envoyé un SMS avec un lien. Ouvrez-le et payez sur la page ; je reste en ligne.',
      email: 'Je vous ai envoyé un e-mail avec un lien. Ouvrez-le et payez sur la page ; je reste en ligne.',
      spoken: 'Ouvrez cette adresse et saisissez-y ce code ; je reste en ligne.',
      lost: 'Le message ne vous est pas parvenu, je suis désolé : voulez-vous un autre envoi, ou que je dicte le lien ?',
      opened: 'La page est ouverte : saisissez-y votre carte, puis confirmez auprès de votre banque.',
      authenticated: 'Votre banque a confirmé que c’est bien vous. Un instant, s’il vous plaît.',
      paid: 'Merci, votre paiement est accepté.',
      cancelled: 'J’ai fermé le lien, et rien n’a été débité : comment souhaitez-vous payer ?',
      over: 'Le lien n’a pas été payé ; rien n’a été débité. Voulez-vous que je vous en envoie un nouveau ?',
      stillOpen: 'Le client est parti et peut encore payer par le lien : attendez, ou fermez-le.',
      unpaid:
        'Le lien n’a pas été payé et rien n’a été débité : rappelez le client si le paiement est encore voulu.',
    },
  },
};
