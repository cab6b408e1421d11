import { z } from 'zod';

/**
 * Switches for everything that real carriers do differently or leave unsaid, and for faults. They may be changed
 * while calls are up; a call can have its own.
 */
export const settingsSchema = z.strictObject({
  /** Is the keypad tone in the streamed audio: whole, not at all, or cut off after its first milliseconds. */
  tones: z.union([
    z.enum(['kept', 'removed']),
    z.strictObject({ clippedAfterMs: z.number().int().min(0).max(1000) }),
  ]),
  /** `dtmf` messages: one a press, none, or two. */
  events: z.enum(['sent', 'absent', 'doubled']),
  /** From the start of the tone to its `dtmf` message. Negative: the message comes first. */
  eventDelayMs: z.number().int().min(-2000).max(10_000),
  /** Each media message is late by 0 to this; order is kept. */
  jitterMs: z.number().int().min(0).max(2000),
  /** Every so often nothing is sent for a while, then everything at once. */
  stall: z
    .strictObject({ everyMs: z.number().int().min(100), forMs: z.number().int().min(20).max(10_000) })
    .nullable(),
  /** Share of media messages that never arrive: their numbers are missing from the sequence. */
  lossPercent: z.number().min(0).max(100),
  /** Share of media messages that come behind the next one, and of those that come twice. */
  latePercent: z.number().min(0).max(100),
  doubledPercent: z.number().min(0).max(100),
  /** Of webhooks and stream handshakes; `https-form` signs a handshake's URL with `https` in place of `wss`. */
  signature: z.enum(['right', 'wrong', 'missing', 'https-form']),
  /** What a message that breaks the stream protocol costs: an entry in the debugger, or the stream too. */
  badMessages: z.enum(['noted', 'fatal']),
  callbackOrder: z.enum(['kept', 'shuffled']),
  /** The next so many REST requests are refused with this status. */
  restFault: z
    .strictObject({
      status: z.union([z.literal(429), z.literal(500), z.literal(503)]),
      times: z.number().int().min(0),
    })
    .nullable(),
  restDelayMs: z.number().int().min(0).max(60_000),
  /** How fast `<Say>` speaks. */
  sayMsPerCharacter: z.number().min(0).max(500),
});

export type SimulatorSettings = z.infer<typeof settingsSchema>;

export const settingsPatchSchema = settingsSchema.partial();

export const DEFAULT_SETTINGS: Readonly<SimulatorSettings> = {
  tones: 'kept',
  events: 'sent',
  eventDelayMs: 60,
  jitterMs: 0,
  stall: null,
  lossPercent: 0,
  latePercent: 0,
  doubledPercent: 0,
  signature: 'right',
  badMessages: 'noted',
  callbackOrder: 'kept',
  restFault: null,
  restDelayMs: 0,
  sayMsPerCharacter: 60,
};

/** A call's own switches over the carrier's: what the call doesn't say follows the carrier, also when that changes. */
export function callSettings(
  carrier: SimulatorSettings,
  own: Partial<SimulatorSettings>,
): Readonly<SimulatorSettings> {
  return Object.assign(Object.create(carrier) as SimulatorSettings, own);
}
