import type { Router } from 'express';
import {
  SimulatedCarrier,
  type SimulatedCarrierOptions,
} from '../../src/carrier/simulated/simulated-carrier.js';
import type { PhoneCall } from '../../src/carrier/simulated/phone.js';

export const ACCOUNT_SID = `AC${'0123456789abcdef'.repeat(2)}`;
export const AUTH_TOKEN = '0123456789abcdef0123456789abcdef';

/** A simulated carrier on a free port of its own. Words take no time unless asked for. */
export async function startCarrier(
  options: Partial<SimulatedCarrierOptions> = {},
  pages?: Router,
): Promise<{ carrier: SimulatedCarrier; url: string }> {
  const carrier = new SimulatedCarrier({
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    ...options,
    settings: { sayMsPerCharacter: 0, ...options.settings },
  });
  return { carrier, url: await carrier.listen(0, '127.0.0.1', pages) };
}

/** Gathers what a party hears from now on (`audio`), or what its line carries (`spoken`). */
export function record(call: PhoneCall, side: 'audio' | 'spoken' = 'audio'): { bytes: () => Buffer } {
  const frames: Uint8Array[] = [];
  call.on(side, (frame) => frames.push(frame));
  return { bytes: () => Buffer.concat(frames) };
}
