import type { Language } from '../../console/web/language.js';
import type { Verdict } from '../received-event.js';

export interface InboxText {
  page: string;
  lead: string;
  empty: string;
  verdict: Record<Verdict, string>;
  sequence: (number: number) => string;
  deliveries: (count: number) => string;
  refusing: string;
  refuse: string;
  accept: string;
  whole: string;
  token: string;
  card: string;
  reference: string;
  reason: string;
  call: string;
}

export const INBOX_TEXT: Record<Language, InboxText> = {
  en: {
    page: 'CRM inbox',
    lead: 'This page plays the CRM: it receives events, checks their signatures as Standard Webhooks says, and shows all there is in them.',
    empty: 'Nothing yet. Events arrive here as soon as somebody phones.',
    verdict: {
      verified: 'Signature verified',
      unsigned: 'Not signed',
      'wrong-signature': 'Wrong signature',
      'too-old': 'Signed too long ago',
    },
    sequence: (number) => `No. ${number} of its call`,
    deliveries: (count) => `delivered ${count} times, counted once`,
    refusing: 'The CRM plays dead: deliveries are refused and will be tried again.',
    refuse: 'Refuse deliveries',
    accept: 'Accept deliveries again',
    whole: 'The whole event',
    token: 'Token',
    card: 'Card',
    reference: 'Reference',
    reason: 'Reason',
    call: 'Call',
  },
  fr: {
    page: 'Boîte du CRM',
    lead: 'Cette page joue le CRM : elle reçoit les événements, vérifie leur signature selon Standard Webhooks, et montre tout ce qu’ils contiennent.',
    empty: 'Rien encore. Les événements arrivent ici dès que quelqu’un téléphone.',
    verdict: {
      verified: 'Signature vérifiée',
      unsigned: 'Non signé',
      'wrong-signature': 'Signature fausse',
      'too-old': 'Signé il y a trop longtemps',
    },
    sequence: (number) => `N° ${number} de son appel`,
    deliveries: (count) => `livré ${count} fois, compté une fois`,
    refusing: 'Le CRM fait le mort : les livraisons sont refusées et seront retentées.',
    refuse: 'Refuser les livraisons',
    accept: 'Accepter à nouveau',
    whole: 'L’événement entier',
    token: 'Jeton',
    card: 'Carte',
    reference: 'Référence',
    reason: 'Motif',
    call: 'Appel',
  },
};
