import { z } from 'zod';
import { PURPOSES, USAGES, type TokenView } from '../vault/vault.js';
import { cardSchema } from './capture-schema.js';

export const tokenSchema = z
  .object({
    token: z.string().meta({ examples: ['tnw_2H8K0W5Q7B9Y3M1P6R4TZVXJCG'] }),
    card: cardSchema,
    fingerprint: z.string().meta({ examples: ['fpr_9D3X7N1S5F8G2V6K0B4QWZRMTC'] }),
    purpose: z.enum(PURPOSES),
    usage: z.enum(USAGES).describe('`once`: it is gone with its first charge that is approved.'),
    channel: z
      .enum(['moto_attended', 'moto_ivr', 'ecommerce'])
      .describe('How the card came: keyed on the telephone, or typed on a payment page.'),
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime(),
  })
  .describe('What stands for a card. Nothing in it leads back to the number.') satisfies z.ZodType<TokenView>;
