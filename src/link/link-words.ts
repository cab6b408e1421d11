import type { Language } from '../capture/flow.js';
import { MINOR_UNITS } from '../currency.js';
import type { Message } from '../message/messages.js';
import type { Money } from '../psp/psp.js';
import { LINK_MINUTES } from './link.js';

/** What a payer is written: how much, for what, where, and for how long. */
export function linkWords(
  url: string,
  { amount, currency }: Money,
  reference: string | null,
  language: Language,
): Record<Message['channel'], Pick<Message, 'subject' | 'text'>> {
  const digits = MINOR_UNITS.get(currency) ?? 2;
  const money = new Intl.NumberFormat(language, { style: 'currency', currency })
    .format(amount / 10 ** digits)
    .replaceAll(/[\u00a0\u202f]/g, ' ');
  return WORDS[language](url, money, reference === null ? '' : ` (${reference})`);
}

const WORDS: Readonly<
  Record<
    Language,
    (
      url: string,
      money: string,
      about: string,
    ) => Record<Message['channel'], Pick<Message, 'subject' | 'text'>>
  >
> = {
  en: (url, money, about) => ({
    sms: { subject: null, text: `Pay ${money}${about} here: ${url} - valid for ${LINK_MINUTES} minutes.` },
    email: {
      subject: `Your payment of ${money}`,
      text: [
        `Please pay ${money}${about} on this page, which your bank secures:`,
        url,
        `It can be used for ${LINK_MINUTES} minutes. You need not end the call.`,
        'You asked for this on the telephone. If you did not, pay nothing and delete this message.',
      ].join('\n\n'),
    },
  }),
  fr: (url, money, about) => ({
    sms: { subject: null, text: `Payez ${money}${about} ici : ${url} - valable ${LINK_MINUTES} minutes.` },
    email: {
      subject: `Votre paiement de ${money}`,
      text: [
        `Merci de payer ${money}${about} sur cette page, sécurisée par votre banque :`,
        url,
        `Elle est valable ${LINK_MINUTES} minutes. Inutile de raccrocher.`,
        'Vous l’avez demandée au téléphone. Sinon, ne payez rien et supprimez ce message.',
      ].join('\n\n'),
    },
  }),
};
