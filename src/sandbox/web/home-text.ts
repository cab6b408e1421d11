import type { Language } from '../../console/web/language.js';

interface Place {
  name: string;
  what: string;
  open: string;
}

export interface HomeText {
  page: string;
  lead: string;
  caller: Place;
  tonewall: { name: string; what: string };
  agent: Place;
  crm: Place;
  docs: Place;
  toTonewall: string;
  toAgent: string;
  toCrm: string;
  steps: string;
  step: readonly string[];
  demo: string;
  scenarios: {
    title: string;
    lead: string;
    card: string;
    amount: string;
    answer: string;
    others: string;
    amounts: string;
  };
}

export const HOME_TEXT: Record<Language, HomeText> = {
  en: {
    page: 'Sandbox',
    lead: 'A whole telephone world on this machine: be the caller, be the agent, and see what the CRM is told. No real call, no real card.',
    caller: { name: 'The caller', what: 'Phones, talks, keys the card.', open: 'Open the telephone' },
    tonewall: {
      name: 'Tonewall',
      what: 'Stands between the two legs: hears the keys, masks them, seals the card.',
    },
    agent: {
      name: 'The agent',
      what: 'Hears flat beeps, sees dots, gets a token.',
      open: 'Open the agent’s page',
    },
    crm: {
      name: 'The CRM',
      what: 'Gets the token in a signed event, and charges it whenever it likes.',
      open: 'Open the inbox',
    },
    docs: {
      name: 'For programs',
      what: 'The API that arms captures and reads results.',
      open: 'Open the API’s pages',
    },
    toTonewall: 'speech and key tones',
    toAgent: 'speech and flat beeps',
    toCrm: 'a token, signed',
    steps: 'Try it',
    step: [
      'Open the agent’s page and the telephone side by side.',
      'On the telephone: Call. On the agent’s page: Answer.',
      'Agent: choose Charge it, type an amount, Take card. Caller: key a test card, its expiry date and its code.',
      'Watch the dots, hear the beeps, and read on both sides what the bank says.',
      'In the inbox: find the token, charge it again, give a part back.',
    ],
    demo: 'Or let a script do it all, in a terminal:',
    scenarios: {
      title: 'What the payment provider answers',
      lead: 'It is simulated, and nothing is left to chance: the card decides, or the amount. Unless said, any expiry date to come and any code will do.',
      card: 'Card',
      amount: 'Amount',
      answer: 'Answer',
      others: 'Every other published test card',
      amounts: 'Amounts that make it refuse, fall silent or fail, whatever the card',
    },
  },
  fr: {
    page: 'Bac à sable',
    lead: 'Tout un monde téléphonique sur cette machine : soyez l’appelant, soyez l’agent, et voyez ce que le CRM apprend. Aucun vrai appel, aucune vraie carte.',
    caller: { name: 'L’appelant', what: 'Téléphone, parle, compose la carte.', open: 'Ouvrir le téléphone' },
    tonewall: {
      name: 'Tonewall',
      what: 'Se tient entre les deux : entend les touches, les masque, scelle la carte.',
    },
    agent: {
      name: 'L’agent',
      what: 'Entend des bips plats, voit des points, reçoit un jeton.',
      open: 'Ouvrir la page de l’agent',
    },
    crm: {
      name: 'Le CRM',
      what: 'Reçoit le jeton dans un événement signé, et le débite quand il veut.',
      open: 'Ouvrir la boîte',
    },
    docs: {
      name: 'Pour les programmes',
      what: 'L’API qui lance les prises de carte et lit les résultats.',
      open: 'Ouvrir les pages de l’API',
    },
    toTonewall: 'voix et tonalités',
    toAgent: 'voix et bips plats',
    toCrm: 'un jeton, signé',
    steps: 'Essayer',
    step: [
      'Ouvrez la page de l’agent et le téléphone côte à côte.',
      'Sur le téléphone : Appeler. Sur la page de l’agent : Répondre.',
      'Agent : Prendre la carte. Appelant : composez une carte de test, puis sa date.',
      'Regardez les points, écoutez les bips, et trouvez le jeton dans la boîte du CRM.',
    ],
    demo: 'Ou laissez un script tout faire, dans un terminal :',
    scenarios: {
      title: 'Ce que répond le prestataire de paiement',
      lead: 'Il est simulé, et rien n’y est dû au hasard : la carte décide, ou le montant. Sauf mention, toute date à venir et tout code conviennent.',
      card: 'Carte',
      amount: 'Montant',
      answer: 'Réponse',
      others: 'Toute autre carte de test publiée',
      amounts: 'Montants qui le font refuser, se taire ou échouer, quelle que soit la carte',
    },
  },
};
