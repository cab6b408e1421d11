import { z } from 'zod';
import { EVENT_TYPES, type LoggedEvent } from '../crm/event.js';

export const eventSchema = z
  .object({
    id: z.string().describe('The `webhook-id` of its delivery.'),
    type: z.enum(EVENT_TYPES),
    timestamp: z.iso.datetime(),
    livemode: z.boolean(),
    sequence: z.int().describe('Counts within a call, or within a charge, from 1.'),
    data: z.record(z.string(), z.unknown()),
    delivery: z.enum(['pending', 'delivered', 'failed']),
  })
  .describe('What the CRM was, or is to be, told.') satisfies z.ZodType<Omit<LoggedEvent, 'merchant'>>;

export const eventListSchema = z
  .object({ events: z.array(eventSchema), cursor: z.string().nullable().describe('Null on the last page.') })
  .describe('A page of the events of the last 30 days.');
