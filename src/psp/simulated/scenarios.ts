import type { Fault } from './fault.js';

/** What the issuer says, in the provider's own words. */
export type Verdict =
  | { approved: true; codeCheck: 'match' | 'mismatch' }
  /** Declined, unless the code is this one (three ASCII digits), where one is named. */
  | { approved: false; code: string; unlessCode: string | null };

/** One thing that a tester can make happen. `title` is for pages and documents. */
export interface Scenario {
  name: string;
  title: { en: string; fr: string };
  verdict: Verdict;
  fault: Fault | null;
}

const YES: Verdict = { approved: true, codeCheck: 'match' };
const MISMATCH: Verdict = { approved: true, codeCheck: 'mismatch' };
const no = (code: string, unlessCode: string | null = null): Verdict => ({
  approved: false,
  code,
  unlessCode,
});

/** What French acquirers say where the issuer wants the payer to authenticate himself. */
export const NEEDS_AUTHENTICATION = '81-A1';

export const APPROVED: Scenario = {
  name: 'approved',
  title: { en: 'Approved', fr: 'Acceptée' },
  verdict: YES,
  fault: null,
};

/** Of the card whose code can be keyed wrong and right. */
export const RIGHT_CODE = '123';

/** By published test number; every other published number is approved. */
export const CARD_SCENARIOS: Readonly<Record<string, Scenario>> = {
  '4000000000000002': row('declined', 'Declined', 'Refusée', no('do_not_honour')),
  '4000000000000127': row(
    'wrong_code',
    'Wrong code, unless it is 123',
    'Code faux, sauf 123',
    no('wrong_code', RIGHT_CODE),
  ),
  '4000000000000069': row('expired', 'Expired', 'Expirée', no('expired_card')),
  '4000000000000119': row('processing_error', 'Processing error', 'Erreur de traitement', no('system_error')),
  '4000000000009995': row('no_funds', 'Not enough money', 'Provision insuffisante', no('no_funds')),
  '4000002760003184': row(
    'asks_bank',
    'The issuer wants authentication',
    'Authentification exigée',
    no(NEEDS_AUTHENTICATION),
  ),
  '4000000000001091': row(
    'code_ignored',
    'Wrong code, approved all the same',
    'Code faux, acceptée',
    MISMATCH,
  ),
  '5123450000000008': row('call_issuer', 'Call the issuer', 'Contacter la banque', no('refer_to_issuer')),
  '2223000000000007': row('pick_up', 'Pick up the card', 'Carte à capturer', no('pick_up_card')),
  '4012000033330026': row('unsupported', 'Not for this purchase', 'Achat non autorisé', no('not_permitted')),
  '5105105105105100': row('wrong_number', 'No such number', 'Numéro inconnu', no('no_such_number')),
};

/** In minor units, whatever the currency (990001 is EUR 9,900.01): every other amount is left to the card. */
export const AMOUNT_SCENARIOS: Readonly<Record<number, Scenario>> = {
  990_001: row('declined', 'Declined', 'Refusée', no('do_not_honour')),
  990_002: row('expired', 'Expired', 'Expirée', no('expired_card')),
  990_003: row('wrong_code', 'Wrong code', 'Code faux', no('wrong_code')),
  990_004: row('wrong_number', 'No such number', 'Numéro inconnu', no('no_such_number')),
  990_005: row('no_funds', 'Not enough money', 'Provision insuffisante', no('no_funds')),
  990_006: row(
    'asks_bank',
    'The issuer wants authentication',
    'Authentification exigée',
    no(NEEDS_AUTHENTICATION),
  ),
  990_007: row('processing_error', 'Processing error', 'Erreur de traitement', no('system_error')),
  990_008: row('call_issuer', 'Call the issuer', 'Contacter la banque', no('refer_to_issuer')),
  990_009: row('pick_up', 'Pick up the card', 'Carte à capturer', no('pick_up_card')),
  990_010: row('unsupported', 'Not for this purchase', 'Achat non autorisé', no('not_permitted')),
  990_011: row('code_ignored', 'Wrong code, approved all the same', 'Code faux, acceptée', MISMATCH),
  990_012: row('unheard_of', 'A refusal without a known code', 'Un refus sans code connu', no('unheard_of')),
  990_021: row('slow', 'Approved after three seconds', 'Acceptée après trois secondes', YES, 'slow'),
  990_022: row('late', 'Unknown for three seconds', 'Inconnue pendant trois secondes', YES, 'late'),
  990_023: row('silent', 'Money taken, no answer', 'Somme prise, sans réponse', YES, 'done_then_silent'),
  990_024: row('error', 'Money taken, error 500', 'Somme prise, erreur 500', YES, 'done_then_500'),
  990_025: row('failed', 'Nothing taken, error 500', 'Rien de pris, erreur 500', YES, 'nothing_then_500'),
  990_026: row('cut', 'Money taken, answer cut off', 'Somme prise, réponse coupée', YES, 'done_then_cut'),
  990_027: row('twice', 'Answers twice', 'Répond deux fois', YES, 'done_then_twice'),
  990_028: row('garbage', 'Answers something unreadable', 'Réponse illisible', YES, 'done_then_garbage'),
  990_029: row('huge', 'Answers without end', 'Réponse sans fin', YES, 'done_then_huge'),
  990_030: row('echo', 'Repeats the card in its error', 'Répète la carte dans l’erreur', YES, 'echo'),
  990_031: row('raw_cards_off', 'May not send cards', 'Cartes non autorisées', YES, 'raw_cards_off'),
  990_032: row('busy', 'Too busy', 'Surchargé', YES, 'busy'),
  990_041: row('notice_first', 'Webhook before the answer', 'Webhook avant la réponse', YES, 'notice_first'),
  990_042: row('notice_twice', 'Webhook twice', 'Webhook en double', YES, 'notice_twice'),
  990_043: row('notices_reversed', 'Webhooks out of order', 'Webhooks en désordre', YES, 'notices_reversed'),
  990_044: row('notice_forged', 'A forged webhook too', 'Un faux webhook aussi', YES, 'notice_forged'),
  990_045: row('notice_lost', 'Webhook lost', 'Webhook perdu', YES, 'notice_lost'),
};

/** The published co-badged cards, and what each may be charged as, the usual one first. */
export const CO_BADGED: Readonly<Record<string, readonly string[]>> = {
  '4000002500001001': ['cartes_bancaires', 'visa'],
  '5555552500001001': ['cartes_bancaires', 'mastercard'],
  '4035501428146300': ['cartes_bancaires', 'visa'],
  '4360000001000005': ['cartes_bancaires'],
};

function row(name: string, en: string, fr: string, verdict: Verdict, fault: Fault | null = null): Scenario {
  return { name, title: { en, fr }, verdict, fault };
}
