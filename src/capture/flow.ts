import { z } from 'zod';
import { BRANDS } from '../card/brands.js';
import { NETWORKS } from '../card/networks.js';
import { outcomeFault } from './fields.js';
import { FIELD_NAMES, type FieldName, type Outcome } from './view.js';

/** What a caller hears while off the bridge, by name; the texts are in `ivr-flows/prompts/`. */
export const SENTENCE_NAMES = [
  'please_hold',
  'other_party_left',
  'no_agent',
  'no_service',
  'something_wrong',
] as const;
export type SentenceName = (typeof SENTENCE_NAMES)[number];

export const LANGUAGES = ['en', 'fr'] as const;
export type Language = (typeof LANGUAGES)[number];

const E164 = /^\+[1-9]\d{1,14}$/;
/** YAML takes a bare +33… for a number and drops its plus. */
const QUOTED = 'a number in E.164, in quotes, such as "+33123456789"';
const DIAL_TO = /^(\+[1-9]\d{1,14}|(sip|sips|client):\S{1,250})$/;
const NAME = /^[a-z0-9][a-z0-9-]{0,63}$/;
export const MERCHANT = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** An object that refuses members it doesn't know, and says which it knows. */
function members<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `unknown member ${issue.keys.join(', ')}; known here: ${Object.keys(shape).join(', ')}`
        : undefined,
  });
}

function seconds(least: number, most: number) {
  return z.int().min(least).max(most);
}

function fieldsFor(outcome: Outcome, standard: readonly FieldName[]) {
  return z
    .array(z.enum(FIELD_NAMES))
    .superRefine((fields, context) => {
      const fault = outcomeFault(outcome, fields);
      if (fault !== null) context.addIssue({ code: 'custom', message: fault });
    })
    .default([...standard]);
}

const CARD: readonly FieldName[] = ['payment-card-number', 'expiration-date'];
const CARD_AND_CODE: readonly FieldName[] = [...CARD, 'security-code'];

/** One sentence for the carrier's voice. */
const sentenceSchema = z.string().trim().min(1).max(500);

export const sentencesSchema = members(forEachSentence(sentenceSchema));
export type Sentences = z.output<typeof sentencesSchema>;

function forEachSentence<Schema>(schema: Schema): Record<SentenceName, Schema> {
  return Object.fromEntries(SENTENCE_NAMES.map((name) => [name, schema])) as Record<SentenceName, Schema>;
}

const PREFIX = 'the first 4 to 8 digits, in quotes, such as "497010"';

/** The caller is asked with a sentence for each pair: CB is 1, the other 2. */
const coBadgedSchema = members({
  prefix: z.string(PREFIX).regex(/^\d{4,8}$/, PREFIX),
  networks: z
    .array(z.enum(NETWORKS))
    .refine(
      ([first, second, ...more]) => first === 'cartes_bancaires' && second !== first && more.length === 0,
      'cartes_bancaires, alone or with visa or mastercard after it',
    ),
});

const captureSchema = members({
  fields: members({
    token: fieldsFor('token', CARD),
    verify: fieldsFor('verify', CARD_AND_CODE),
    charge: fieldsFor('charge', CARD_AND_CODE),
  } satisfies Record<Outcome, unknown>)
    .prefault({})
    .describe('What is asked for, in order, where the request names no fields.'),
  brands: z
    .array(z.enum(BRANDS))
    .min(1)
    .default([...BRANDS])
    .describe('The card brands that are taken; every other is invalid-card-type.'),
  attempts: z.int().min(1).max(10).default(3).describe('How often a field may be tried.'),
  first_key_seconds: seconds(5, 600).default(180).describe('How long an empty field waits for a key.'),
  next_key_seconds: seconds(5, 120).default(30).describe('How long a field waits for the next key.'),
  ask_network: z
    .enum(['never', 'co_badged'])
    .default('never')
    .describe(
      'Whether the caller is asked what a card of two brands is charged as: 1 for CB, 2 for the other.',
    ),
  send_link: z
    .enum(['never', 'refused', 'foreseen'])
    .default('never')
    .describe(
      "When a payment link goes to the caller's number by itself: once the bank wants it, or as soon as that is foreseen.",
    ),
  co_badged: z
    .array(coBadgedSchema)
    .max(10_000)
    .default([])
    .describe('Beginnings of numbers whose cards have these networks, as far as they are known to you.'),
  postal_code_length: z
    .int()
    .min(3)
    .max(10)
    .optional()
    .describe('Digits of a postal code, which then ends by itself; without it, # ends it.'),
});

/** A flow file. Unknown members are refused: a limit that is misspelt must not be a limit that is missing. */
export const flowSchema = members({
  name: z
    .string()
    .regex(NAME, 'use a-z, 0-9 and dashes, 64 at most')
    .describe('How settings and the API call it.'),
  merchant: z
    .string()
    .regex(MERCHANT, 'use a-z, 0-9, - and _, 64 at most')
    .default('default')
    .describe('Whose calls, captures and tokens these are.'),
  language: z.enum(LANGUAGES).default('en').describe('What the caller hears.'),
  receipt: z
    .enum(['none', 'sms'])
    .default('none')
    .describe(
      "Receipts where the request names no address: none, or a short message to the caller's number.",
    ),
  numbers: z
    .array(z.string(QUOTED).regex(E164, QUOTED))
    .max(10_000)
    .default([])
    .describe('The called numbers that this flow answers.'),
  agent: members({
    dial_to: z
      .string()
      .regex(DIAL_TO, 'a number in E.164, sip:… or client:…')
      .optional()
      .describe('Who answers; default: AGENT_DIAL_TO. It must need no keys.'),
    ring_seconds: seconds(5, 600).optional().describe('Default: AGENT_RING_SECONDS.'),
  }).prefault({}),
  no_agent: z
    .enum(['hang-up'])
    .default('hang-up')
    .describe('What follows the sentence when no agent answers: the call ends.'),
  sentences: members(forEachSentence(sentenceSchema.exactOptional()))
    .default({})
    .describe('Own words in place of those of prompts/, in the language of the flow.'),
  capture: captureSchema.prefault({}),
});

/** A flow, every default filled in, with all the sentences of its language. */
export type Flow = Omit<z.output<typeof flowSchema>, 'sentences'> & { sentences: Sentences };
