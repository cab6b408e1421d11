import type { ChargeView } from '../../capture/view.js';
import type { Language } from '../../console/web/language.js';
import type { MovementKind } from '../../psp/simulated/ledger.js';

export interface MoneyText {
  title: string;
  unknownCard: string;
  byLink: string;
  amount: string;
  currency: string;
  charge: string;
  status: Record<ChargeView['status'], string>;
  refunded: (money: string) => string;
  giveBack: string;
  refund: string;
  void: string;
  amountWrong: string;
  noAnswer: string;
  ledger: (movements: number) => string;
  movement: string;
  underReference: string;
  kind: Record<MovementKind, string>;
}

export const MONEY_TEXT: Record<Language, MoneyText> = {
  en: {
    title: 'Cards and money',
    unknownCard: 'A card of earlier',
    byLink: 'Paid by a link',
    amount: 'Amount',
    currency: 'Currency',
    charge: 'Charge',
    status: { approved: 'Approved', declined: 'Declined', unknown: 'Not known yet' },
    refunded: (money) => `${money} given back`,
    giveBack: 'Give back',
    refund: 'Refund',
    void: 'Void all of it',
    amountWrong: 'This is no amount of that currency.',
    noAnswer: 'No answer. Try again: it is the same request, and nothing happens twice.',
    ledger: (movements) => `The payment provider’s own ledger (${movements})`,
    movement: 'Movement',
    underReference: 'Under our charge',
    kind: { take: 'taken', refund: 'given back', reserve: 'reserved', release: 'released' },
  },
  fr: {
    title: 'Cartes et argent',
    unknownCard: 'Une carte d’avant',
    byLink: 'Payé par un lien',
    amount: 'Montant',
    currency: 'Devise',
    charge: 'Débiter',
    status: { approved: 'Acceptée', declined: 'Refusée', unknown: 'Pas encore connue' },
    refunded: (money) => `${money} rendus`,
    giveBack: 'Rendre',
    refund: 'Rembourser',
    void: 'Tout annuler',
    amountWrong: 'Ce n’est pas un montant dans cette devise.',
    noAnswer: 'Pas de réponse. Réessayez : c’est la même demande, rien n’arrive deux fois.',
    ledger: (movements) => `Le livre du prestataire de paiement (${movements})`,
    movement: 'Mouvement',
    underReference: 'Sous notre débit',
    kind: { take: 'pris', refund: 'rendu', reserve: 'réservé', release: 'libéré' },
  },
};
