import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { SimulatedCarrier } from '../carrier/simulated/simulated-carrier.js';
import { AppError, codeOf } from '../errors.js';
import type { LogFields, Logger } from '../log.js';
import { wavFile } from '../recording/wav.js';
import type { Command } from './command.js';

const TEXT = { type: 'string' } as const;
const TEXTS = { type: 'string', multiple: true } as const;

const OPTIONS = {
  port: { ...TEXT, default: '8081' },
  'voice-url': TEXT,
  'account-sid': { ...TEXT, default: `AC${'0'.repeat(31)}1` },
  'auth-token': { ...TEXT, default: 'simulated-auth-token' },
  number: { ...TEXT, default: '+33199000001' },
  phone: TEXTS,
  answer: TEXTS,
  recordings: TEXT,
};

export const carrier: Command = {
  name: 'carrier',
  summary: 'runs the simulated carrier alone, for any service that speaks the protocol',
  help: `
Usage: npx tonewall carrier --voice-url URL [options]

A carrier in a box on this machine: a number with a voice webhook, telephones, REST for calls, and media streams,
over real HTTP and WebSockets with real signatures. It runs until Ctrl-C.

  --voice-url URL      voice webhook of the number (required)
  --port PORT          default 8081; 0 finds a free one. It listens on 127.0.0.1 only
  --number +33…        the account's number, default ${OPTIONS.number.default}
  --account-sid AC…    default ${OPTIONS['account-sid'].default}
  --auth-token TOKEN   signs the webhooks and opens REST, default ${OPTIONS['auth-token'].default}
  --phone ADDRESS      a telephone (+33…, sip:…, client:…) that rings; may be repeated
  --answer ADDRESS     a telephone that answers at once; may be repeated
  --recordings DIR     where scripted calls leave their two sound files

Point the service at it: TWILIO_API_URL is the carrier's address, TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are as above.

  GET, PATCH /simulator/settings        tones kept, removed or clipped; dtmf messages early, late, absent, doubled; faults
  GET        /simulator/debugger        what went wrong
  POST       /simulator/scripted-calls  a call that keys a published test card
  WebSocket  /simulator/phones/ADDRESS  a telephone in a page

Example: npx tonewall carrier --voice-url http://127.0.0.1:8080/twilio/voice --answer sip:agent@example.com
`,
  async run(args, io) {
    const values = read(args);
    const voiceUrl = values['voice-url'];
    if (voiceUrl === undefined || !/^https?:/.test(voiceUrl) || !URL.canParse(voiceUrl)) {
      throw wrong(
        '--voice-url is missing or not a URL, as in --voice-url http://127.0.0.1:8080/twilio/voice',
      );
    }
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 0 || port > 65_535)
      throw wrong('--port is a number, as in --port 8081');
    const simulated = new SimulatedCarrier({
      accountSid: values['account-sid'],
      authToken: values['auth-token'],
      log: lineLogger(io.stdout),
      ...(values.recordings !== undefined && { recordings: { dir: values.recordings, encode: wavFile } }),
    });
    simulated.number(values.number, { voiceUrl });
    try {
      for (const address of values.phone ?? []) simulated.phone(address);
      for (const address of values.answer ?? []) simulated.phone(address).policy = 'answer';
    } catch {
      throw wrong('--phone and --answer take an address: +33…, sip:user@host or client:name');
    }
    const url = await simulated.listen(port).catch((error: unknown) => {
      if (codeOf(error) === 'EADDRINUSE') throw wrong(`port ${port} is in use: take another with --port`);
      throw error;
    });
    io.stdout.write(`simulated carrier on ${url}: ${values.number} asks ${voiceUrl}; Ctrl-C ends it\n`);
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
    await simulated.close();
    return 0;
  },
};

function read(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch {
    throw wrong('carrier: an option is not known or lacks its value; see: npx tonewall carrier --help');
  }
}

function wrong(message: string): AppError {
  return new AppError('bad_request', message);
}

/** A line for people: what happened, then the fields. */
function lineLogger(out: NodeJS.WritableStream): Logger {
  const line = (fields: LogFields, message: string) => {
    const facts = Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`);
    out.write(`${[message, ...facts].join(' ')}\n`);
  };
  return { debug: () => {}, info: line, warn: line, error: line };
}
