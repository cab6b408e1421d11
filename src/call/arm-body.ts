import { z } from 'zod';
import { FIELD_NAMES, OUTCOMES } from '../capture/view.js';
import { holdsCardNumber } from '../card/card-like.js';
import { MINOR_UNITS } from '../currency.js';
import { isAddress } from '../message/address.js';
import type { MessageChannel } from '../message/messages.js';
import { PURPOSES, USAGES } from '../vault/vault.js';
import type { ArmRequest } from './calls.js';

/** ISO 8583 gives an amount twelve digits; one more could be a card number. */
const MAX_AMOUNT = 999_999_999_999;
const MAX_METADATA = 20;
const MAX_METADATA_KEY = 40;

/** Free text that the CRM sends: so many characters at most, and no card number in it. */
export function freeText(max: number) {
  return z
    .string()
    .refine((text) => Array.from(text).length <= max, {
      error: `must have at most ${max} characters`,
      abort: true,
    })
    .refine((text) => !holdsCardNumber(text), { error: 'card numbers are not taken here' })
    .meta({ maxLength: max });
}

/** Money in the minor unit of its currency, so much at least. */
export function amount(least: number) {
  return z.int().min(least).max(MAX_AMOUNT);
}

export const currency = z
  .string()
  .refine((code) => MINOR_UNITS.has(code), 'must be an ISO 4217 code, such as EUR')
  .meta({ pattern: '^[A-Z]{3}$' });

const consent = z
  .strictObject({
    at: z.iso.datetime({ offset: true }).describe('When the payer agreed.'),
    wording: freeText(2000).min(1).describe('What the payer agreed to, word for word.'),
  })
  .describe("The payer's leave to keep the card; required where `purpose` is `saved` or `subscription`.");

const metadata = z
  .record(freeText(MAX_METADATA_KEY).min(1), freeText(500))
  .refine(
    (entries) => Object.keys(entries).length <= MAX_METADATA,
    `must have at most ${MAX_METADATA} members`,
  )
  .meta({ maxProperties: MAX_METADATA })
  .describe('Yours: comes back in the Capture and in every event.');

function address(channel: MessageChannel, form: string) {
  return z
    .string()
    .refine((to) => isAddress(channel, to), `must be ${form}`)
    .nullable()
    .default(null)
    .meta({ maxLength: 254 });
}

/** Where the payer gets receipts. */
export const receipt = z
  .strictObject({
    email: address('email', 'a mail address'),
    sms: address('sms', 'a telephone number in E.164, such as +33612345678'),
  })
  .describe('Where the payer gets receipts of the charge, its refunds, or of the card that is kept.');

/** The body that arms a capture, from any door. What is left out or null takes its default. */
export const armBody = z
  .strictObject({
    call: z.string().min(1).max(64).describe("The call's id, or the carrier's SID of either leg."),
    outcome: z.enum(OUTCOMES).default('token').describe('`verify` and `charge` need a payment provider.'),
    fields: z
      .array(z.enum(FIELD_NAMES))
      .min(1)
      .max(FIELD_NAMES.length)
      .refine((names) => new Set(names).size === names.length, 'must not name a field twice')
      .nullable()
      .default(null)
      .describe("What the caller keys, in order; null: the flow's fields for that outcome."),
    amount: amount(0).nullable().default(null).describe("In the currency's minor unit."),
    currency: currency.nullable().default(null).describe('ISO 4217 code.'),
    reference: freeText(200).nullable().default(null).describe('Yours: an order, an invoice.'),
    agent: freeText(200).nullable().default(null).describe('Who takes the card.'),
    purpose: z.enum(PURPOSES).default('single').describe('What the card is kept for.'),
    usage: z
      .enum(USAGES)
      .default('many')
      .describe('How often the token may be charged: `once` ends it with the first charge that is approved.'),
    consent: consent.nullable().default(null),
    metadata: metadata.default({}),
    receipt: receipt.nullable().default(null),
  })
  .superRefine((body, context) => {
    const require = (name: keyof typeof body, why: string) => {
      if (body[name] === null)
        context.addIssue({ code: 'custom', path: [name], message: `is required ${why}` });
    };
    if (body.amount !== null) require('currency', 'with an amount');
    if (body.currency !== null || body.outcome === 'charge')
      require('amount', 'with a currency, and to charge');
    if (body.purpose === 'dispute' && body.outcome === 'charge') {
      const message = 'a card kept for disputes is not charged: use the outcome token, or another purpose';
      context.addIssue({ code: 'custom', path: ['purpose'], message });
    }
    if (body.purpose === 'saved' || body.purpose === 'subscription') require('consent', 'to keep the card');
  }) satisfies z.ZodType<ArmRequest>;
