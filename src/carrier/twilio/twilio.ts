import type { Router } from 'express';
import type { Clock } from '../../clock.js';
import type { Logger } from '../../log.js';
import type { MessageReport } from '../../message/messages.js';
import type { Metrics } from '../../metrics.js';
import type { CallHandler, Language } from '../carrier.js';
import { Scratch } from './incoming-media.js';
import { createMediaDoor, mediaUrl, type MediaDoor } from './media-door.js';
import { MediaMessageReader } from './media-message.js';
import { createWebhooks } from './webhooks.js';

export interface TwilioOptions {
  accountSid: string;
  /** Each is tried on a signature: two while they rotate. */
  authTokens: readonly string[];
  /** The base URL that the carrier sees. */
  publicUrl: string;
  /** This node's own base URL, for media streams. */
  nodeUrl: string;
  /** What a party hears when the service can't say what to do with the call. */
  apology: { sentence: string; language: Language };
  /** Told of what was not signed by the carrier, with the address that it came from. */
  refused?: (origin: string) => void;
  /** Told what became of a short message, under our id of it. */
  reported?: (id: string, report: MessageReport) => Promise<void>;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
}

/** Every way in for the carrier. */
export interface TwilioDoors extends MediaDoor {
  /** The webhooks, to be mounted at `/twilio`. */
  router: Router;
}

/** Opens the carrier's ways in; `handler` decides about calls. (Commands to the carrier: `createTwilioControl`.) */
export function createTwilioDoors(options: TwilioOptions, handler: CallHandler): TwilioDoors {
  const publicUrl = options.publicUrl.replace(/\/$/, '');
  const addresses = {
    media: mediaUrl(options.nodeUrl),
    next: (leg: string) => `${publicUrl}/twilio/legs/${leg}/next`,
  };
  const apology = { do: 'say', ...options.apology } as const;
  const context = { ...options, handler, reader: new MediaMessageReader(), scratch: new Scratch() };
  const router = createWebhooks({ ...options, publicUrl, addresses, apology }, handler);
  return { router, ...createMediaDoor(options, context) };
}
