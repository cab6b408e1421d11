import VoiceResponse from 'twilio/lib/twiml/VoiceResponse.js';
import type { Instruction, Language } from '../carrier.js';

/** The voice that says our sentences. */
const VOICES = {
  fr: { language: 'fr-FR', voice: 'Polly.Lea-Neural' },
  en: { language: 'en-GB', voice: 'Polly.Amy-Neural' },
} as const satisfies Record<Language, object>;

/** The name of the `<Parameter>` that carries a stream's one-time ticket. */
export const TICKET = 'ticket';

export interface Addresses {
  /** The media WebSocket of this node: `wss://…`, no query. */
  media: string;
  /** What the carrier asks when the stream of `leg` is over. */
  next(leg: string): string;
}

/** An instruction in the carrier's language. No TwiML of ours records or transcribes. */
export function twiml(instruction: Instruction, addresses: Addresses): string {
  const response = new VoiceResponse();
  if (instruction.do === 'stream') {
    const connect = response.connect({ action: addresses.next(instruction.leg), method: 'POST' });
    connect.stream({ url: addresses.media }).parameter({ name: TICKET, value: instruction.ticket });
    return response.toString();
  }
  if (instruction.do === 'say') response.say(VOICES[instruction.language], instruction.sentence);
  response.hangup();
  return response.toString();
}
