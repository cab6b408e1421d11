import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { TEST_CARD_NAMES, type TestCardName } from '../carrier/simulated/test-card.js';
import { AppError } from '../errors.js';
import { spectrogramPng } from '../sandbox/spectrogram.js';
import { mulawOf } from '../recording/wav.js';
import type { Command } from './command.js';
import { DemoScreen } from './demo-screen.js';
import { DEMO_TEXT, type DemoLanguage } from './demo-text.js';
import { SandboxClient, type CaptureAnswer, type Money } from './sandbox-client.js';

/** A number for fiction (ARCEP), not that of the phone page. */
const CALLER = '+33639980002';
/** From dialling to both on the line, and to the token. */
const LIVE_WITHIN_MS = 20_000;
const TOKEN_WITHIN_MS = 120_000;
const POLL_MS = 100;
/** Beeps come after the keys: the last ones shall be in the recording. */
const LAST_BEEPS_MS = 700;
/** Exit code of a program that Ctrl-C ended. */
const INTERRUPTED = 130;
/** A slip of the finger, taken back with `*`. */
const SLIP_KEYS = 5;
/** What `--charge` takes. */
const PRICE: Money = { amount: 1250, currency: 'EUR' };
/** Cards whose number can go on: `#` ends it. */
const NO_USUAL_LENGTH: ReadonlySet<TestCardName> = new Set(['unionpay', 'maestro']);

export const demo: Command = {
  name: 'demo',
  summary: 'plays a scripted call in the running sandbox: a card is keyed, a token comes out',
  help: `
Usage: npx tonewall demo [--charge] [--card ${TEST_CARD_NAMES.join('|')}] [--language en|fr]

Needs the sandbox (npm start). A caller phones, the agent's telephone answers by itself, and the caller keys a published
test card with real tones, slips once and corrects it. Then: the token, two sound files (what the caller sent,
what the agent heard) and a picture of both. An agent page that is open shows the call and plays it.

  --charge         the caller keys the security code, too, and pays 12.50 EUR by the simulated provider
  --card NAME      default visa
  --language en|fr default: that of LANG, else en

The exit code is 0 only when there is a token, and with --charge only when the money was taken.
`,
  async run(args, io) {
    const { card, language, money } = read(args, io.env);
    const text = DEMO_TEXT[language];
    const screen = new DemoScreen(io.stdout, text);
    const sandbox = await SandboxClient.find(io.env);
    screen.line(text.dialling(sandbox.number));
    const { call_sid } = await sandbox.placeCall(CALLER, card);
    const hangUp = () => sandbox.end(call_sid);
    const interrupted = () => void hangUp().finally(() => process.exit(INTERRUPTED));
    process.once('SIGINT', interrupted);
    let capture: CaptureAnswer;
    try {
      await untilLive(sandbox, call_sid);
      screen.line(text.talking);
      capture = await keyCard(sandbox, call_sid, { card, money }, screen);
      await sleep(LAST_BEEPS_MS);
    } catch (error) {
      await hangUp().catch(() => null);
      throw error;
    } finally {
      process.off('SIGINT', interrupted);
    }
    const { recordings } = await hangUp();
    screen.result(capture);
    const { charge } = capture;
    if (charge !== null) screen.charge(charge, await sandbox.ledger(charge.id));
    if (recordings !== null) screen.files(recordings, await picture(recordings, text));
    return capture.token === null ? 1 : 0;
  },
};

function read(args: readonly string[], env: Readonly<Record<string, string | undefined>>) {
  const card = { type: 'string', default: 'visa' } as const;
  const charge = { type: 'boolean', default: false } as const;
  const language = { type: 'string', default: env['LANG']?.startsWith('fr') === true ? 'fr' : 'en' } as const;
  try {
    const { values } = parseArgs({ args: [...args], options: { card, charge, language } });
    if (isCard(values.card) && isLanguage(values.language))
      return { card: values.card, language: values.language, money: values.charge ? PRICE : null };
  } catch {
    // Said below, as for a value that is not known.
  }
  throw new AppError(
    'bad_request',
    `demo takes --charge, --card ${TEST_CARD_NAMES.join('|')} and --language en|fr`,
  );
}

function isCard(name: string): name is TestCardName {
  return (TEST_CARD_NAMES as readonly string[]).includes(name);
}

function isLanguage(name: string): name is DemoLanguage {
  return name in DEMO_TEXT;
}

async function untilLive(sandbox: SandboxClient, sid: string): Promise<void> {
  for (let waited = 0; waited < LIVE_WITHIN_MS; waited += POLL_MS) {
    if ((await sandbox.callStatus(sid)) === 'live') return;
    const { status, said } = await sandbox.scriptedCall(sid);
    if (status !== 'ringing' && status !== 'in-progress') {
      const words = said.map(({ text }) => text).join(' ');
      throw new AppError('carrier_failed', `the call ended before the agent was on it: ${words || status}`);
    }
    await sleep(POLL_MS);
  }
  throw new AppError(
    'carrier_failed',
    'the agent did not come on the line: is its telephone busy with another call?',
  );
}

/** Arms a capture and lets the caller key, field by field, as the capture asks. Resolves when the capture is over. */
async function keyCard(
  sandbox: SandboxClient,
  sid: string,
  { card, money }: { card: TestCardName; money: Money | null },
  screen: DemoScreen,
): Promise<CaptureAnswer> {
  let capture = await sandbox.arm(sid, 'demo', money);
  const asked = new Set<string>();
  const failed = new AbortController();
  const late = setTimeout(
    () => failed.abort(new AppError('carrier_failed', 'no token after two minutes')),
    TOKEN_WITHIN_MS,
  );
  try {
    for await (capture of sandbox.watch(capture.id, failed.signal)) {
      screen.progress(capture);
      if (capture.status !== 'collecting' && capture.status !== 'processing') return capture;
      const field = capture.current_field;
      if (field === null || asked.has(field)) continue;
      asked.add(field);
      sandbox.key(sid, stepsFor(field, card)).catch((error: unknown) => failed.abort(error));
    }
  } finally {
    clearTimeout(late);
  }
  throw new AppError('carrier_failed', 'the service ended the stream of events before the capture was over');
}

function stepsFor(field: string, card: TestCardName): Record<string, unknown>[] {
  if (field === 'payment-card-number') {
    const slip = [{ press: 'number', first: SLIP_KEYS }, { wait_ms: 800 }, { press: '*' }, { talk_ms: 900 }];
    return [
      { talk_ms: 1300 },
      ...slip,
      { wait_ms: 600 },
      { press: 'number' },
      ...(NO_USUAL_LENGTH.has(card) ? [{ press: '#' }] : []),
    ];
  }
  return [{ wait_ms: 500 }, { press: field === 'security-code' ? 'code' : 'expiry' }];
}

async function picture(
  { caller_sent, agent_heard }: { caller_sent: string; agent_heard: string },
  text: { callerSent: string; agentHeard: string },
): Promise<string> {
  const path = join(dirname(caller_sent), 'demo.png');
  const png = spectrogramPng([
    { title: text.callerSent, mulaw: mulawOf(await readFile(caller_sent)) },
    { title: text.agentHeard, mulaw: mulawOf(await readFile(agent_heard)) },
  ]);
  await writeFile(path, png);
  return path;
}
