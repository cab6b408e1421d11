import type { CardMistake, PageLanguage } from './hosted-pages.js';

interface PageText {
  title: string;
  amount: string;
  to: string;
  number: string;
  expiry: string;
  code: string;
  network: string;
  networkAny: string;
  networks: Readonly<Record<'cartes_bancaires' | 'visa' | 'mastercard', string>>;
  /** The card is kept for later charges. */
  kept: string;
  pay: string;
  simulated: string;
  mistake: string;
  mistakes: Readonly<Record<CardMistake, string>>;
  bankTitle: string;
  bankAsks: (last4: string) => string;
  approve: string;
  refuse: string;
  waitTitle: string;
  wait: string;
  goOn: string;
  paid: string;
  failed: string;
  expired: string;
  back: string;
  other: { language: PageLanguage; name: string };
}

const NETWORKS = { cartes_bancaires: 'CB', visa: 'Visa', mastercard: 'Mastercard' } as const;

export const PAGE_TEXT: Readonly<Record<PageLanguage, PageText>> = {
  en: {
    title: 'Pay by card',
    amount: 'Amount',
    to: 'For',
    number: 'Card number',
    expiry: 'Expiry date (MM/YY)',
    code: 'Security code',
    network: 'Charge it as',
    networkAny: 'As the card prefers',
    networks: NETWORKS,
    kept: 'The merchant keeps this card for later payments, as agreed with you.',
    pay: 'Pay',
    simulated: 'This payment provider is simulated. No money moves. Published test cards only.',
    mistake: 'There is a problem',
    mistakes: {
      number: 'Check the card number.',
      test_only: 'Use a published test card: live cards are not taken here.',
      expiry: 'Check the expiry date: month and year, as in 12/34.',
      code: 'Enter the three or four digits of the security code.',
      network: 'The card does not have the brand that you chose.',
      refused: 'The bank refused the payment. Nothing was taken; you can use another card.',
    },
    bankTitle: 'Your bank asks: is it you?',
    bankAsks: (last4) => `Payment with the card ending in ${last4}`,
    approve: 'Yes, pay',
    refuse: 'No, it is not me',
    waitTitle: 'One moment, please',
    wait: 'Your bank has confirmed that it is you. The payment is being made, and this page goes on by itself.',
    goOn: 'Continue',
    paid: 'The payment is made. Thank you.',
    failed: 'The payment was not made. Nothing was taken.',
    expired: 'This page is over. Nothing was taken.',
    back: 'Back to the merchant',
    other: { language: 'fr', name: 'Français' },
  },
  fr: {
    title: 'Payer par carte',
    amount: 'Montant',
    to: 'Objet',
    number: 'Numéro de carte',
    expiry: 'Date d’expiration (MM/AA)',
    code: 'Code de sécurité',
    network: 'Payer avec la marque',
    networkAny: 'Au choix de la carte',
    networks: NETWORKS,
    kept: 'Le marchand conserve cette carte pour de prochains paiements, comme convenu avec vous.',
    pay: 'Payer',
    simulated:
      'Ce prestataire de paiement est simulé. Aucun argent ne circule. Cartes de test publiées uniquement.',
    mistake: 'Il y a un problème',
    mistakes: {
      number: 'Vérifiez le numéro de carte.',
      test_only: 'Utilisez une carte de test publiée : les vraies cartes ne sont pas acceptées ici.',
      expiry: 'Vérifiez la date d’expiration : mois et année, comme 12/34.',
      code: 'Saisissez les trois ou quatre chiffres du code de sécurité.',
      network: 'La carte ne porte pas la marque choisie.',
      refused: 'La banque a refusé le paiement. Rien n’a été prélevé ; vous pouvez utiliser une autre carte.',
    },
    bankTitle: 'Votre banque vous demande : est-ce bien vous ?',
    bankAsks: (last4) => `Paiement avec la carte se terminant par ${last4}`,
    approve: 'Oui, payer',
    refuse: 'Non, ce n’est pas moi',
    waitTitle: 'Un instant, s’il vous plaît',
    wait: 'Votre banque a confirmé que c’est bien vous. Le paiement est en cours, et cette page continue d’elle-même.',
    goOn: 'Continuer',
    paid: 'Le paiement est effectué. Merci.',
    failed: 'Le paiement n’a pas été effectué. Rien n’a été prélevé.',
    expired: 'Cette page a expiré. Rien n’a été prélevé.',
    back: 'Retour chez le marchand',
    other: { language: 'en', name: 'English' },
  },
};
