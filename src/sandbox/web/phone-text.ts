import type { PhoneState } from '../../console/web/softphone.js';
import type { Language } from '../../console/web/language.js';
import type { Events, Tones } from './carrier-switches.js';

export interface PhoneText {
  page: string;
  state: Record<PhoneState, string>;
  number: string;
  call: string;
  hangUp: string;
  answer: string;
  keypad: string;
  star: string;
  hash: string;
  keyboardHint: string;
  heard: string;
  picture: string;
  microphone: string;
  microphoneRefused: string;
  cards: string;
  cardsHint: string;
  keyNumber: string;
  keyExpiry: string;
  keyCode: (code: string) => string;
  wrongNumber: string;
  stop: string;
  messages: string;
  messagesHint: string;
  codePage: string;
  mailFrom: (from: string, to: string) => string;
  asHtml: string;
  carrier: string;
  carrierHint: string;
  tones: string;
  toneChoice: Record<Tones, string>;
  events: string;
  eventChoice: Record<Events, string>;
}

export const PHONE_TEXT: Record<Language, PhoneText> = {
  en: {
    page: 'The caller’s telephone',
    state: {
      off: 'No line',
      idle: 'Ready to call',
      dialing: 'Calling…',
      ringing: 'Ringing',
      talking: 'Connected',
      ended: 'Call ended',
      replaced: 'This telephone is open in another window',
    },
    number: 'Number to call',
    call: 'Call',
    hangUp: 'Hang up',
    answer: 'Answer',
    keypad: 'Keypad',
    star: 'star',
    hash: 'hash',
    keyboardHint: 'The digits, * and # of your keyboard work too.',
    heard: 'What the caller hears',
    picture: 'Live spectrogram of what the caller hears',
    microphone: 'Microphone',
    microphoneRefused: 'The microphone can’t be used here.',
    cards: 'Test cards',
    cardsHint:
      'Published by payment providers; no bank has issued them. Key one by hand, or let it be keyed.',
    keyNumber: 'Key it',
    keyExpiry: 'Key 12/34',
    keyCode: (code) => `Key code ${code}`,
    wrongNumber: 'last digit wrong',
    stop: 'Stop keying',
    messages: 'Messages',
    messagesHint:
      'Payment links and receipts arrive here: text messages to this telephone, e-mails to any address. Who was told a code types it on',
    codePage: 'the page for codes',
    mailFrom: (from, to) => `E-mail from ${from} to ${to}`,
    asHtml: 'Show it with its layout',
    carrier: 'The carrier',
    carrierHint:
      'Carriers differ. Change it in mid-call: nothing may reach the agent, one press counts once.',
    tones: 'Key tones in the audio',
    toneChoice: { kept: 'Kept', clipped: 'Clipped', removed: 'Removed' },
    events: 'Key messages',
    eventChoice: { sent: 'Sent', late: 'Late', doubled: 'Doubled', absent: 'Absent' },
  },
  fr: {
    page: 'Le téléphone de l’appelant',
    state: {
      off: 'Pas de ligne',
      idle: 'Prêt à appeler',
      dialing: 'Appel…',
      ringing: 'Sonne',
      talking: 'En ligne',
      ended: 'Appel terminé',
      replaced: 'Ce téléphone est ouvert dans une autre fenêtre',
    },
    number: 'Numéro à appeler',
    call: 'Appeler',
    hangUp: 'Raccrocher',
    answer: 'Répondre',
    keypad: 'Clavier',
    star: 'étoile',
    hash: 'dièse',
    keyboardHint: 'Les chiffres, * et # de votre clavier marchent aussi.',
    heard: 'Ce que l’appelant entend',
    picture: 'Spectrogramme en direct de ce que l’appelant entend',
    microphone: 'Micro',
    microphoneRefused: 'Le micro n’est pas utilisable ici.',
    cards: 'Cartes de test',
    cardsHint:
      'Publiées par des prestataires de paiement ; aucune banque ne les a émises. À composer, ou à laisser composer.',
    keyNumber: 'Composer',
    keyExpiry: 'Composer 12/34',
    keyCode: (code) => `Composer le code ${code}`,
    wrongNumber: 'dernier chiffre faux',
    stop: 'Arrêter',
    messages: 'Messages',
    messagesHint:
      'Les liens de paiement et les reçus arrivent ici : SMS à ce téléphone, e-mails à toute adresse. Un code donné par téléphone se saisit sur',
    codePage: 'la page des codes',
    mailFrom: (from, to) => `E-mail de ${from} à ${to}`,
    asHtml: 'Afficher la mise en page',
    carrier: 'L’opérateur',
    carrierHint:
      'Les opérateurs diffèrent. Changez en plein appel : rien ne doit parvenir à l’agent, une touche compte une fois.',
    tones: 'Tonalités dans le son',
    toneChoice: { kept: 'Gardées', clipped: 'Coupées', removed: 'Ôtées' },
    events: 'Messages de touche',
    eventChoice: { sent: 'Envoyés', late: 'En retard', doubled: 'Doublés', absent: 'Absents' },
  },
};
