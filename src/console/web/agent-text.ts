import type { CallView } from '../../call/calls.js';
import type {
  AdviceCode,
  FieldError,
  FieldName,
  FieldView,
  NextStep,
  Outcome,
  Reason,
} from '../../capture/view.js';
import type { Language } from './language.js';

/** Every word of the agent page but the sentences to say. */
export interface AgentText {
  page: string;
  calls: string;
  noCalls: string;
  noCallsHint: string;
  callStatus: Record<CallView['status'], string>;
  connection: { open: string; lost: string };
  caller: string;
  answerToTalk: string;
  takeCard: string;
  takeAnother: string;
  reference: string;
  amount: string;
  currency: string;
  optional: string;
  noCardHere: string;
  amountWrong: string;
  amountMissing: string;
  outcome: { legend: string } & Record<Outcome, string>;
  typedEarly: (keys: number) => string;
  say: string;
  whatNow: string;
  fields: Record<FieldName, string>;
  fieldStatus: Record<FieldView['status'], string>;
  digits: (count: number) => string;
  attempt: (number: number, of: number) => string;
  error: Record<FieldError, string>;
  keying: string;
  choosing: string;
  idle: string;
  timeLeft: string;
  askAgain: string;
  moreTime: string;
  cancel: string;
  collecting: string;
  processing: Record<Outcome, string>;
  waitingForLink: string;
  completed: Record<Outcome, string>;
  /** Ends that came to nothing, by what is known of the card and the money. */
  failed: { noCard: string; refused: string; declined: string; unknown: string };
  cancelled: string;
  next: Record<NextStep, string>;
  whyRefused: string;
  inDoubt: string;
  advice: Record<AdviceCode, string>;
  provider: string;
  reason: Record<Reason, string>;
  expires: string;
  token: string;
  copy: string;
  copied: string;
  notAnswered: string;
  refused: Record<string, string>;
  phone: {
    title: string;
    heard: string;
    ringing: (who: string) => string;
    answer: string;
    decline: string;
    hangUp: string;
    state: Record<'off' | 'idle' | 'dialing' | 'ringing' | 'talking' | 'ended' | 'replaced', string>;
    microphone: string;
    microphoneRefused: string;
    level: string;
    picture: string;
  };
}

export const AGENT_TEXT: Record<Language, AgentText> = {
  en: {
    page: 'Agent',
    calls: 'Calls',
    noCalls: 'No call yet',
    noCallsHint: 'A call appears here as soon as somebody phones.',
    callStatus: { ringing: 'Ringing', live: 'Live', ended: 'Ended' },
    connection: { open: 'Connected', lost: 'Reconnecting…' },
    caller: 'Caller',
    answerToTalk: 'The caller hears ringing. Answer to be joined.',
    takeCard: 'Take card',
    takeAnother: 'Take a card again',
    reference: 'Reference',
    amount: 'Amount',
    currency: 'Currency',
    optional: 'optional',
    noCardHere: 'That looks like a card number. Card numbers are never typed here: the caller keys them.',
    amountWrong: 'An amount is a number such as 12.50.',
    amountMissing: 'Say how much is to be charged.',
    outcome: { legend: 'What for', token: 'Keep the card', verify: 'Check the card', charge: 'Charge it' },
    typedEarly: (keys) =>
      `The caller has already typed ${keys === 1 ? 'one key' : `${keys} keys`}. They were masked and not kept.`,
    say: 'Say to the caller',
    whatNow: 'What now',
    fields: {
      'payment-card-number': 'Card number',
      'expiration-date': 'Expiry date',
      'security-code': 'Security code',
      'postal-code': 'Postal code',
    },
    fieldStatus: { pending: 'Next', collecting: 'Now', accepted: 'Accepted' },
    digits: (count) => (count === 1 ? '1 digit' : `${count} digits`),
    attempt: (number, of) => `Attempt ${number} of ${of}`,
    error: {
      timeout: 'No key came in time.',
      'invalid-card-number': 'Not a valid card number: a digit is wrong or missing.',
      'invalid-card-type': 'This kind of card is not taken.',
      'invalid-date': 'The date is past, too far ahead, or not a month and a year.',
      'invalid-security-code': 'The code has the wrong number of digits.',
      'invalid-postal-code': 'The postal code is not valid.',
    },
    keying: 'The caller is keying',
    choosing: 'The caller chooses the brand of the card',
    idle: 'Waiting for the caller',
    timeLeft: 'Time left',
    askAgain: 'Ask again',
    moreTime: 'More time',
    cancel: 'Cancel',
    collecting: 'Taking the card',
    processing: {
      token: 'Putting the card away…',
      verify: 'Asking the bank about the card…',
      charge: 'Taking the payment…',
    },
    completed: { token: 'Card taken', verify: 'Card checked and taken', charge: 'Payment approved' },
    waitingForLink: 'Waiting for the payment by link',
    failed: {
      noCard: 'No card was taken',
      refused: 'Card refused',
      declined: 'Payment declined',
      unknown: 'Payment not known yet',
    },
    cancelled: 'Cancelled',
    next: {
      retry: 'Next: the same card again',
      other_card: 'Next: another card',
      link: 'Next: a payment link',
      stop: 'Next: nothing more',
    },
    whyRefused: 'Why it was refused',
    inDoubt: 'Not known yet',
    advice: {
      likely_refused_by_phone: 'Likely to be refused by phone',
      link_not_set_up: 'No link was sent',
      link_no_number: 'No link was sent',
      link_not_sent: 'No link was sent',
    },
    provider: 'At the provider',
    reason: {
      caller_hung_up: 'The caller hung up.',
      agent_hung_up: 'The agent hung up.',
      attempts_used_up: 'All attempts are used up.',
      vault_unavailable: 'The vault can’t be reached; nothing was kept.',
      service_restarted: 'The service was restarted.',
      guard_alarm: 'The guard raised an alarm.',
      verification_failed: 'The bank did not confirm the card.',
      charge_declined: 'The payment was declined.',
      charge_unknown: 'Whether the payment went through is not known.',
      cancelled_by_agent: 'You cancelled; what was keyed is wiped.',
      cancelled_by_caller: 'The caller cancelled; what was keyed is wiped.',
    },
    expires: 'Expires',
    token: 'Token',
    copy: 'Copy',
    copied: 'Copied',
    notAnswered: 'The service did not answer. Try again in a moment.',
    refused: {
      bad_request: 'The service did not accept that. Check the reference and the amount.',
      no_provider: 'No payment provider is set up: cards can only be kept.',
      not_found: 'That call or capture is not there any more.',
      call_not_live: 'The call is not live any more.',
      capture_in_progress: 'A card is being taken on this call already.',
      capture_over: 'That is over already.',
      limit_reached: 'Too many cards have been tried here. Take none for now.',
      redis_unavailable: 'The store can’t be reached. Try again in a moment.',
      vault_unavailable: 'The vault can’t be reached. Try again in a moment.',
      link_not_possible: 'A link can’t be sent now: it is being paid, or enough were sent.',
      psp_unavailable: 'The payment provider can’t be reached. Try again in a moment.',
      draining: 'This service is about to stop and takes nothing new.',
    },
    phone: {
      title: 'Your phone',
      heard: 'What you hear',
      ringing: (who) => `${who} is calling`,
      answer: 'Answer',
      decline: 'Decline',
      hangUp: 'Hang up',
      state: {
        off: 'Not connected',
        idle: 'Ready',
        dialing: 'Dialling',
        ringing: 'Ringing',
        talking: 'On a call',
        ended: 'Call ended',
        replaced: 'Open in another window',
      },
      microphone: 'Microphone',
      microphoneRefused: 'The microphone can’t be used here.',
      level: 'Level',
      picture: 'Live spectrogram of what you hear: keys of the caller show as flat beeps at 1 kHz',
    },
  },
  fr: {
    page: 'Agent',
    calls: 'Appels',
    noCalls: 'Pas encore d’appel',
    noCallsHint: 'Un appel apparaît ici dès que quelqu’un téléphone.',
    callStatus: { ringing: 'Sonne', live: 'En ligne', ended: 'Terminé' },
    connection: { open: 'Connecté', lost: 'Reconnexion…' },
    caller: 'Appelant',
    answerToTalk: 'L’appelant entend la sonnerie. Répondez pour être mis en relation.',
    takeCard: 'Prendre la carte',
    takeAnother: 'Reprendre une carte',
    reference: 'Référence',
    amount: 'Montant',
    currency: 'Devise',
    optional: 'facultatif',
    noCardHere: 'Cela ressemble à un numéro de carte. Il ne se saisit jamais ici : l’appelant le compose.',
    amountWrong: 'Un montant est un nombre comme 12,50.',
    amountMissing: 'Indiquez le montant à débiter.',
    outcome: {
      legend: 'Pour quoi',
      token: 'Garder la carte',
      verify: 'Vérifier la carte',
      charge: 'Débiter',
    },
    typedEarly: (keys) =>
      `L’appelant a déjà tapé ${keys === 1 ? 'une touche' : `${keys} touches`}. Rien n’a été entendu ni gardé.`,
    say: 'À dire à l’appelant',
    whatNow: 'Et maintenant',
    fields: {
      'payment-card-number': 'Numéro de carte',
      'expiration-date': 'Date d’expiration',
      'security-code': 'Cryptogramme',
      'postal-code': 'Code postal',
    },
    fieldStatus: { pending: 'Ensuite', collecting: 'En cours', accepted: 'Accepté' },
    digits: (count) => (count <= 1 ? `${count} chiffre` : `${count} chiffres`),
    attempt: (number, of) => `Essai ${number} sur ${of}`,
    error: {
      timeout: 'Aucune touche n’est venue à temps.',
      'invalid-card-number': 'Numéro de carte invalide : un chiffre est faux ou manque.',
      'invalid-card-type': 'Ce type de carte n’est pas accepté.',
      'invalid-date': 'Date passée, trop lointaine, ou qui n’est pas un mois et une année.',
      'invalid-security-code': 'Le code n’a pas le bon nombre de chiffres.',
      'invalid-postal-code': 'Le code postal n’est pas valide.',
    },
    keying: 'L’appelant compose',
    choosing: 'L’appelant choisit la marque de la carte',
    idle: 'En attente de l’appelant',
    timeLeft: 'Temps restant',
    askAgain: 'Redemander',
    moreTime: 'Plus de temps',
    cancel: 'Annuler',
    collecting: 'Prise de la carte',
    processing: {
      token: 'Mise en lieu sûr…',
      verify: 'La banque est interrogée…',
      charge: 'Paiement en cours…',
    },
    waitingForLink: 'En attente du paiement par lien',
    completed: {
      token: 'Carte enregistrée',
      verify: 'Carte vérifiée et enregistrée',
      charge: 'Paiement accepté',
    },
    failed: {
      noCard: 'Aucune carte enregistrée',
      refused: 'Carte refusée',
      declined: 'Paiement refusé',
      unknown: 'Paiement en attente de confirmation',
    },
    cancelled: 'Annulé',
    next: {
      retry: 'Ensuite : la même carte',
      other_card: 'Ensuite : une autre carte',
      link: 'Ensuite : un lien de paiement',
      stop: 'Ensuite : ne plus réessayer',
    },
    whyRefused: 'Motif du refus',
    inDoubt: 'Pas encore connu',
    advice: {
      likely_refused_by_phone: 'Refus probable par téléphone',
      link_not_set_up: 'Aucun lien n’a été envoyé',
      link_no_number: 'Aucun lien n’a été envoyé',
      link_not_sent: 'Aucun lien n’a été envoyé',
    },
    provider: 'Chez le prestataire',
    reason: {
      caller_hung_up: 'L’appelant a raccroché.',
      agent_hung_up: 'L’agent a raccroché.',
      attempts_used_up: 'Tous les essais sont épuisés.',
      vault_unavailable: 'Le coffre est injoignable ; rien n’a été gardé.',
      service_restarted: 'Le service a redémarré.',
      guard_alarm: 'La garde a donné l’alarme.',
      verification_failed: 'La banque n’a pas confirmé la carte.',
      charge_declined: 'Le paiement est refusé.',
      charge_unknown: 'On ignore si le paiement est passé.',
      cancelled_by_agent: 'Vous avez annulé ; ce qui était composé est effacé.',
      cancelled_by_caller: 'L’appelant a annulé ; ce qui était composé est effacé.',
    },
    expires: 'Expire',
    token: 'Jeton',
    copy: 'Copier',
    copied: 'Copié',
    notAnswered: 'Le service n’a pas répondu. Réessayez dans un instant.',
    refused: {
      bad_request: 'Le service ne l’a pas accepté. Vérifiez la référence et le montant.',
      no_provider: 'Aucun prestataire de paiement : les cartes peuvent seulement être gardées.',
      not_found: 'Cet appel ou cette prise de carte n’existe plus.',
      call_not_live: 'L’appel n’est plus en ligne.',
      capture_in_progress: 'Une carte est déjà en cours de prise sur cet appel.',
      capture_over: 'C’est déjà terminé.',
      limit_reached: 'Trop de cartes ont été essayées ici. N’en prenez plus pour le moment.',
      redis_unavailable: 'Le stockage est injoignable. Réessayez dans un instant.',
      vault_unavailable: 'Le coffre est injoignable. Réessayez dans un instant.',
      draining: 'Ce service va s’arrêter et ne prend plus rien de nouveau.',
      link_not_possible: 'Pas de lien maintenant : le paiement est en cours, ou assez ont été envoyés.',
      psp_unavailable: 'Le prestataire de paiement est injoignable. Réessayez dans un instant.',
    },
    phone: {
      title: 'Votre téléphone',
      heard: 'Ce que vous entendez',
      ringing: (who) => `${who} appelle`,
      answer: 'Répondre',
      decline: 'Refuser',
      hangUp: 'Raccrocher',
      state: {
        off: 'Non connecté',
        idle: 'Prêt',
        dialing: 'Numérotation',
        ringing: 'Sonne',
        talking: 'En ligne',
        ended: 'Appel terminé',
        replaced: 'Ouvert dans une autre fenêtre',
      },
      microphone: 'Micro',
      microphoneRefused: 'Le micro n’est pas utilisable ici.',
      level: 'Niveau',
      picture:
        'Spectrogramme en direct de ce que vous entendez : les touches de l’appelant sont des bips plats à 1 kHz',
    },
  },
};
