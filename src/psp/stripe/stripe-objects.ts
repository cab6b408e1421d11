import { z } from 'zod';

/**
 * What is read of Stripe's objects. Members that are not needed are left out, and a status that is not known yet is
 * let in: an answer is never refused for what it says besides.
 */

const text = z.string().nullish();

export const errorSchema = z.object({
  type: text,
  code: text,
  decline_code: text,
  network_decline_code: text,
  param: text,
  message: text,
});
export type StripeError = z.infer<typeof errorSchema>;

const checks = z.object({ cvc_check: text }).nullish();

const chargeSchema = z.object({
  status: z.string(),
  amount_refunded: z.int(),
  payment_method_details: z
    .object({
      card: z.object({ checks, network: text, network_transaction_id: text }).nullish(),
    })
    .nullish(),
});

const paymentMethodSchema = z.object({
  id: z.string(),
  customer: z.unknown(),
  card: z
    .object({
      checks,
      networks: z.object({ available: z.array(z.string()) }).nullish(),
      brand: text,
      last4: text,
      exp_month: z.unknown(),
      exp_year: z.unknown(),
      fingerprint: text,
    })
    .nullish(),
});
export type PaymentMethod = z.infer<typeof paymentMethodSchema>;

const metadata = z.record(z.string(), z.string()).nullish();

/** An object where it was asked for with `expand`, else its name. */
function expandable<Schema extends z.ZodType>(schema: Schema) {
  return z.union([schema, z.string()]).nullish();
}

export const paymentIntentSchema = z.object({
  id: z.string(),
  status: z.string(),
  amount: z.int(),
  amount_received: z.int(),
  currency: z.string(),
  metadata,
  last_payment_error: errorSchema.nullish(),
  latest_charge: expandable(chargeSchema),
  payment_method: expandable(paymentMethodSchema),
});
export type PaymentIntent = z.infer<typeof paymentIntentSchema>;

export const setupIntentSchema = z.object({
  id: z.string(),
  status: z.string(),
  metadata,
  last_setup_error: errorSchema.nullish(),
  payment_method: expandable(paymentMethodSchema),
});
export type SetupIntent = z.infer<typeof setupIntentSchema>;

export const checkoutSessionSchema = z.object({
  id: z.string(),
  status: z.string().nullish(),
  url: text,
  payment_intent: expandable(paymentIntentSchema),
});
export type CheckoutSession = z.infer<typeof checkoutSessionSchema>;

export const refundSchema = z.object({
  id: z.string(),
  status: z.string().nullish(),
  failure_reason: text,
  metadata,
});
export type Refund = z.infer<typeof refundSchema>;

export const customerSchema = z.object({ id: z.string() });

/** The newest first, a hundred at most. */
export function listOf<Schema extends z.ZodType>(schema: Schema) {
  return z.object({ data: z.array(schema), has_more: z.boolean() });
}

/** An event: `data.object` is read by what the type says it is. */
export const eventSchema = z.object({
  id: z.string().max(255),
  type: z.string(),
  data: z.object({
    object: z.object({ id: z.string().max(255), metadata, payment_intent: text, client_reference_id: text }),
  }),
});
