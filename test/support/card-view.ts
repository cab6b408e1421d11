import type { CardView } from '../../src/card/card.js';

/** A card as it is shown: what is kept of the first of the published test cards. */
export const CARD_VIEW: CardView = {
  ...{ brand: 'visa', bin: '424242', last4: '4242', exp_month: 12, exp_year: 2034 },
  ...{ networks: null, chosen_network: null },
};
