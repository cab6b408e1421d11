import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { KeyTone, TELEPHONE_TONE } from '../../src/carrier/simulated/key-tone.js';
import { signatureOf } from '../../src/carrier/simulated/signature.js';
import { newSid } from '../../src/carrier/simulated/resource.js';
import { MULAW_SILENCE } from '../../src/dsp/mulaw.js';
import { ACCOUNT_SID, AUTH_TOKEN } from '../support/carrier.js';
import type { Program } from '../support/program.js';
import { SERVICE_NUMBER } from '../support/service.js';

/**
 * A caller whose messages are written by hand. Its WebSocket frames are masked with zeros, so that what is left of a
 * masked frame reads like the message.
 */
export interface RawCaller {
  readonly sid: string;
  /** Sends a message as it is. */
  send(text: string): void;
  /** Sends a `dtmf` message for each key. */
  key(keys: string): void;
  /** Sends the keys' tones, frame by frame, and silence around them. */
  press(keys: string): Promise<void>;
  hangUp(): void;
}

const FRAME = 160;
const FRAME_MS = 20;
/** In samples. */
const TONE = 400;
const PAUSE = 400;

export async function callByHand(program: Program, from: string): Promise<RawCaller> {
  const sid = newSid('CA');
  const form = new URLSearchParams({
    ...{ CallSid: sid, AccountSid: ACCOUNT_SID, From: from, To: SERVICE_NUMBER },
    ...{ CallStatus: 'ringing', Direction: 'inbound', ApiVersion: '2010-04-01' },
  });
  const voice = await program.api<string>('POST', '/twilio/voice', form.toString(), {
    'content-type': 'application/x-www-form-urlencoded',
    'x-twilio-signature': signatureOf(AUTH_TOKEN, `${program.publicUrl}/twilio/voice`, form),
  });
  const url = attribute(voice.body, /<Stream url="([^"]+)"/);
  const ticket = attribute(voice.body, /value="([^"]+)"/);
  const socket = new WebSocket(url, {
    headers: { 'x-twilio-signature': signatureOf(AUTH_TOKEN, url, new URLSearchParams()) },
    generateMask: (mask) => void mask.fill(0),
    perMessageDeflate: false,
    ...(program.ca === null ? {} : { ca: program.ca }),
  });
  socket.on('error', () => {});
  await once(socket, 'open');
  const streamSid = newSid('MZ');
  let sequence = 0;
  let chunk = 0;
  const tell = (event: string, body: object) =>
    socket.send(JSON.stringify({ event, sequenceNumber: String(++sequence), ...body, streamSid }));
  socket.send(JSON.stringify({ event: 'connected', protocol: 'Call', version: '1.0.0' }));
  tell('start', {
    start: {
      ...{ accountSid: ACCOUNT_SID, callSid: sid, streamSid, tracks: ['inbound'] },
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      customParameters: { ticket },
    },
  });
  return {
    sid,
    send: (text) => socket.send(text),
    key(keys) {
      for (const digit of keys) tell('dtmf', { dtmf: { track: 'inbound_track', digit } });
    },
    async press(keys) {
      const audio = toned(keys);
      for (let at = 0; at + FRAME <= audio.length; at += FRAME) {
        const payload = audio.toString('base64', at, at + FRAME);
        const timestamp = String(chunk * FRAME_MS);
        tell('media', { media: { track: 'inbound', chunk: String(++chunk), timestamp, payload } });
        await sleep(FRAME_MS);
      }
    },
    hangUp() {
      tell('stop', { stop: { accountSid: ACCOUNT_SID, callSid: sid } });
      socket.close(1000);
    },
  };
}

function toned(keys: string): Buffer {
  const silence = Buffer.alloc(PAUSE, MULAW_SILENCE);
  const parts = Array.from(keys).flatMap((key) => {
    const tone = new KeyTone(key, TELEPHONE_TONE);
    return [Buffer.from(Array.from({ length: TONE }, () => tone.next())), silence];
  });
  return Buffer.concat([silence, silence, ...parts, silence, silence]);
}

function attribute(twiml: string, pattern: RegExp): string {
  const found = pattern.exec(twiml)?.[1];
  if (found === undefined) throw new Error('the answer to the voice webhook joins no stream');
  return found.replaceAll('&amp;', '&');
}
