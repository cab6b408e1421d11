import { z } from 'zod';
import type { CallView } from '../call/calls.js';

const leg = z.object({
  call_sid: z.string().describe("The carrier's SID."),
  address: z.string().describe('E.164, `sip:…` or `client:…`.'),
});

export const callSchema = z
  .object({
    id: z.string().meta({ examples: ['call_7C2M9T4R0V6X1B8Q3N5KZWJFHD'] }),
    status: z.enum(['ringing', 'live', 'ended']),
    flow: z.string(),
    started_at: z.iso.datetime(),
    ended_at: z.iso.datetime().nullable(),
    keys_before_capture: z.int().describe('Presses that were masked and not kept.'),
    caller: leg,
    agent: leg.nullable(),
    capture_id: z.string().nullable(),
  })
  .describe('A caller, and the agent who answered.') satisfies z.ZodType<CallView>;

export const callListSchema = z
  .object({ calls: z.array(callSchema) })
  .describe('Live calls first, then recent ones.');
