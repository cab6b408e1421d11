import { z } from 'zod';
import {
  ADVICE_CODES,
  FIELD_NAMES,
  LINK_CHANNELS,
  LINK_DELIVERIES,
  LINK_STATUSES,
  NEXT_STEPS,
  OUTCOMES,
  REASONS,
  type AdviceView,
  type CaptureView,
  type ChargeView,
  type DeclineView,
  type FieldView,
  type LinkView,
} from '../capture/view.js';
import { REFUSAL_CODES } from '../psp/decline-code.js';
import { BRANDS } from '../card/brands.js';
import type { CardView } from '../card/card.js';
import { NETWORKS } from '../card/networks.js';
import type { Masked } from '../card/mask.js';
import { PURPOSES, USAGES } from '../vault/vault.js';

const at = z.iso.datetime();

export const cardSchema = z
  .object({
    brand: z.enum(BRANDS),
    bin: z
      .string()
      .nullable()
      .describe(
        'First six digits; null for numbers of 14 digits or less, and for those typed on a payment page.',
      ),
    last4: z.string(),
    exp_month: z.int(),
    exp_year: z.int(),
    networks: z
      .array(z.enum(NETWORKS))
      .readonly()
      .nullable()
      .describe('What it can be charged as; null when that is not known.'),
    chosen_network: z
      .enum(NETWORKS)
      .nullable()
      .describe('What the payer chose of a card that has two brands; null: the provider decides.'),
  })
  .describe('All that is shown of a card.') satisfies z.ZodType<CardView>;

const fieldSchema = z.object({
  name: z.enum(FIELD_NAMES),
  status: z.enum(['pending', 'collecting', 'accepted']),
  digits_entered: z.int(),
  masked: (z.string() as unknown as z.ZodType<Masked>).describe(
    'One dot a digit; an accepted card number ends with its last four.',
  ),
  attempt: z.int().describe('From 1.'),
  error: z
    .enum([
      'timeout',
      'invalid-card-number',
      'invalid-card-type',
      'invalid-date',
      'invalid-security-code',
      'invalid-postal-code',
    ])
    .nullable()
    .describe('Why the last attempt failed.'),
}) satisfies z.ZodType<FieldView>;

const declineSchema = z
  .object({
    code: z.string().meta({ enum: [...REFUSAL_CODES] }),
    for_agent: z.string(),
    for_caller: z.string(),
    next: z.enum(NEXT_STEPS),
  })
  .describe('Why it was refused, and what to do next.') satisfies z.ZodType<DeclineView>;

const adviceSchema = z
  .object({ code: z.enum(ADVICE_CODES), for_agent: z.string() })
  .describe(
    'What is foreseen of the payment before a bank is asked, or why a flow sent no link.',
  ) satisfies z.ZodType<AdviceView>;

export const chargeSchema = z
  .object({
    id: z.string().meta({ examples: ['chg_6T1M9C4X8Z2Q7V0K5R3W1JNHBG'] }),
    status: z
      .enum(['approved', 'declined', 'unknown'])
      .describe('No money has moved unless it is `approved`; `unknown` will be settled.'),
    token: z.string().nullable().describe('Null once a card that was refused has been destroyed.'),
    amount: z.int().describe("In the currency's minor unit."),
    currency: z.string(),
    reference: z.string().nullable(),
    refunded: z.int().describe('How much of it was given back.'),
    provider: z.string(),
    provider_reference: z.string().nullable(),
    decline: declineSchema.nullable().describe('Null unless declined.'),
    created_at: at,
  })
  .describe('Money taken with a token, or not.') satisfies z.ZodType<ChargeView>;

export const linkSchema = z
  .object({
    id: z.string().meta({ examples: ['lnk_2W9R5T8Y1P4S7D0F3G6H9JKQZC'] }),
    capture_id: z.string(),
    status: z
      .enum(LINK_STATUSES)
      .describe(
        '`sent`: the message is out; the last four are ends: `paid`, `failed`, `expired`, `cancelled`.',
      ),
    channel: z.enum(LINK_CHANNELS),
    to: z.string().nullable().describe('Masked; null when it is spoken.'),
    delivery: z.enum(LINK_DELIVERIES).nullable().describe('Of the last message.'),
    address: z.string().describe('Where the code can be typed.'),
    code: z.string().describe('Read it out; with the address in front it is the link.'),
    expires_at: at,
    created_at: at,
  })
  .describe("A page of the provider's on which the payer pays by himself.") satisfies z.ZodType<LinkView>;

export const captureSchema = z
  .object({
    id: z.string().meta({ examples: ['cap_4F0V3P2B9K7W1D8S6M5N0QZXCR'] }),
    call_id: z.string(),
    call_sid: z.string().describe("The carrier's SID of the caller's leg."),
    status: z.enum(['collecting', 'processing', 'completed', 'failed', 'cancelled']),
    reason: z.enum(REASONS).nullable(),
    outcome: z.enum(OUTCOMES),
    current_field: z.enum(FIELD_NAMES).nullable(),
    reference: z.string().nullable(),
    amount: z.int().nullable().describe("In the currency's minor unit."),
    currency: z.string().nullable(),
    agent: z.string().nullable(),
    purpose: z.enum(PURPOSES),
    usage: z.enum(USAGES).describe('How often the token may be charged.'),
    metadata: z.record(z.string(), z.string()),
    fields: z.array(fieldSchema),
    token: z.string().nullable().describe('Ours for the card, once the capture is completed.'),
    fingerprint: z.string().nullable().describe('The same for the same card of the same merchant.'),
    card: cardSchema.nullable(),
    charge: chargeSchema.nullable().describe('The last one tried, approved or not.'),
    decline: declineSchema.nullable().describe('Why the provider refused the last time.'),
    link: linkSchema.nullable().describe('The payment link, once one was sent.'),
    advice: adviceSchema.nullable().describe('What the agent is to know.'),
    created_at: at,
    updated_at: at,
  })
  .describe("The collecting of a card's digits on a call.") satisfies z.ZodType<CaptureView>;

export const captureListSchema = z
  .object({
    captures: z.array(captureSchema),
    cursor: z.string().nullable().describe('Null on the last page.'),
  })
  .describe('A page of captures, newest first.');
