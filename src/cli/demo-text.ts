export type DemoLanguage = 'en' | 'fr';

export interface DemoText {
  dialling: (number: string) => string;
  talking: string;
  fields: Readonly<Record<string, string>>;
  agentHears: string;
  accepted: string;
  processing: string;
  token: string;
  card: string;
  charge: string;
  status: Readonly<Record<'approved' | 'declined' | 'unknown', string>>;
  ledger: string;
  nothingMoved: string;
  noToken: (reason: string) => string;
  callerSent: string;
  agentHeard: string;
  picture: string;
}

/** What the demo says. The titles of the picture have no accents: its font is a small one. */
export const DEMO_TEXT: Readonly<Record<DemoLanguage, DemoText>> = {
  en: {
    dialling: (number) => `A caller phones ${number} …`,
    talking:
      'The agent is on the line and asks for the card. The caller keys it, slips, and corrects with *.',
    fields: {
      'payment-card-number': 'Card number',
      'expiration-date': 'Expiry date',
      'security-code': 'Security code',
    },
    agentHears: 'Agent hears',
    accepted: 'ok',
    processing: 'the card is on its way …',
    token: 'Token',
    card: 'Card',
    charge: 'Charge',
    status: { approved: 'approved', declined: 'declined', unknown: 'not known yet' },
    ledger: 'Provider says',
    nothingMoved: 'nothing was moved',
    noToken: (reason) => `No token: ${reason}`,
    callerSent: 'Caller sent',
    agentHeard: 'Agent heard',
    picture: 'Picture',
  },
  fr: {
    dialling: (number) => `Un client appelle le ${number} …`,
    talking: 'L’agent est en ligne et demande la carte. Le client la compose, se trompe, et corrige avec *.',
    fields: {
      'payment-card-number': 'Numéro',
      'expiration-date': 'Expiration',
      'security-code': 'Code',
    },
    agentHears: 'L’agent entend',
    accepted: 'ok',
    processing: 'la carte est en route …',
    token: 'Jeton',
    card: 'Carte',
    charge: 'Débit',
    status: { approved: 'accepté', declined: 'refusé', unknown: 'pas encore connu' },
    ledger: 'Prestataire',
    nothingMoved: 'rien n’a bougé',
    noToken: (reason) => `Pas de jeton : ${reason}`,
    callerSent: 'Client',
    agentHeard: 'Agent',
    picture: 'Image',
  },
};
