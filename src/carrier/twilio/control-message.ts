import { z } from 'zod';
import { TICKET } from './twiml.js';

/** What of a `start` message is used; only mu-law at 8 kHz, mono, can be understood. */
const start = z.object({
  start: z.object({
    streamSid: z.string().min(1).max(64),
    callSid: z.string().min(1).max(64),
    accountSid: z.string(),
    customParameters: z.object({ [TICKET]: z.string().max(500).default('') }).default({ [TICKET]: '' }),
    mediaFormat: z
      .object({
        encoding: z.literal('audio/x-mulaw'),
        sampleRate: z.coerce.number().pipe(z.literal(8000)),
        channels: z.coerce.number().pipe(z.literal(1)),
      })
      .optional(),
  }),
});

const mark = z.object({ mark: z.object({ name: z.string().max(256) }) });

export type Start = z.infer<typeof start>['start'];

/** The content of a `start` message, or null when it is not one that we can take. */
export function readStart(bytes: Buffer): Start | null {
  return start.safeParse(JSON.parse(bytes.toString())).data?.start ?? null;
}

/** The name in a `mark` message, or null. */
export function readMark(bytes: Buffer): string | null {
  return mark.safeParse(JSON.parse(bytes.toString())).data?.mark.name ?? null;
}
