import type { Language } from '../../console/web/language.js';
import type { Verdict } from '../received-event.js';

export interface InboxText {
  page: string;
  lead: string;
  empty: string;
  verdict: Record<Verdict, string>;
  sequence: (number: number) => string;
  sequenceOfCharge: (number: number) => string;
  deliveries: (count: number) => string;
  refusing: string;
  refuse: string;
  accept: string;
  whole: string;
  token: string;
  card: string;
  amount: string;
  decline: string;
  reference: string;
  reason: string;
  call: string;
}

export const INBOX_TEXT: Record<Language, InboxText> = {
  en: {
    page: 'CRM inbox',
    lead: 'This page plays the CRM: it receives events, checks their signatures as Standard Webhooks says, shows all there is in them, and charges the tokens that it was given.',
    empty: 'Nothing yet. Events arrive here as soon as somebody phones.',
    verdict: {
      verified: 'Signature verified',
      unsigned: 'Not signed',
      'wrong-signature': 'Wrong signature',
      'too-old': 'Signed too long ago',
    },
    sequence: (number) => `No. ${number} of its call`,
    sequenceOfCharge: (number) => `No. ${number} of its charge`,
    deliveries: (count) => `delivered ${count} times, counted once`,
    refusing: 'The CRM plays dead: deliveries are refused and will be tried again.',
    refuse: 'Refuse deliveries',
    accept: 'Accept deliveries again',
    whole: 'The whole event',
    token: 'Token',
    card: 'Card',
    amount: 'Amount',
    decline: 'Declined',
    reference: 'Reference',
    reason: 'Reason',
    call: 'Call',
  },
  fr: {
    page: 'Boîte du CRM',
    lead: 'Cette page joue le CRM : elle reçoit les événements, vérifie leur signature selon Standard Webhooks, montre tout ce qu’ils contiennent, et débite les jetons qu’elle a reçus.',
    empty: 'Rien encore. Les événements arrivent ici dès que quelqu’un téléphone.',
    verdict: {
      verified: 'Signature vérifiée',
      unsigned: 'Non signé',
      'wrong-signature': 'Signature fausse',
      'too-old': 'Signé il y a trop longtemps',
    },
    sequence: (number) => `N° ${number} de son appel`,
    sequenceOfCharge: (number) => `N° ${number} de son débit`,
    deliveries: (count) => `livré ${count} fois, compté une fois`,
    refusing: 'Le CRM fait le mort : les livraisons sont refusées et seront retentées.',
    refuse: 'Refuser les livraisons',
    accept: 'Accepter à nouveau',
    whole: 'L’événement entier',
    token: 'Jeton',
    card: 'Carte',
    amount: 'Montant',
    decline: 'Refus',
    reference: 'Référence',
    reason: 'Motif',
    call: 'Appel',
  },
};
