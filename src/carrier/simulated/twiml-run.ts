import { MULAW_SILENCE } from '../../dsp/mulaw.js';
import type { FaultCode } from './debugger.js';
import { KeyTone, TELEPHONE_TONE } from './key-tone.js';
import { methodOf, type Verb } from './twiml.js';
import type { Method } from './webhook.js';

/** What verbs do to a call. Whatever waits rejects when `signal` aborts: the call ended or got other TwiML. */
export interface TwimlCall {
  readonly answered: boolean;
  readonly sayMsPerCharacter: number;
  answer(): void;
  end(status: 'completed' | 'busy' | 'failed'): void;
  say(text: string, language: string): void;
  /** Plays audio to the party, after what already plays. */
  play(mulaw: Uint8Array): void;
  /** Opens a media stream; resolves when it is over. */
  stream(noun: Verb, signal: AbortSignal): Promise<void>;
  /** Calls `listener` with every key that the carrier heard, until the returned function is called. */
  onKey(listener: (key: string) => void): () => void;
  wait(ms: number, signal: AbortSignal): Promise<void>;
  note(code: FaultCode, detail: string): void;
}

/** What to request next: the URL (absolute or relative to the document) and parameters beyond the usual ones. */
export interface Next {
  url: string;
  method: Method;
  extra?: Readonly<Record<string, string>>;
}

type RunVerb = (verb: Verb, call: TwimlCall, signal: AbortSignal) => Promise<Next | null>;

/** Runs verbs in order, until one leads elsewhere. Null: the document is at its end. */
export async function runVerbs(
  verbs: readonly Verb[],
  call: TwimlCall,
  signal: AbortSignal,
): Promise<Next | null> {
  for (const verb of verbs) {
    const run = VERBS[verb.name];
    if (run === undefined) {
      call.note(12200, verb.name);
      continue;
    }
    if (!call.answered && !BEFORE_ANSWER.has(verb.name)) call.answer();
    const next = await run(verb, call, signal);
    signal.throwIfAborted();
    if (next !== null) return next;
  }
  return null;
}

/** As first verbs these don't answer the call. */
const BEFORE_ANSWER = new Set(['Pause', 'Reject', 'Redirect']);

const VERBS: Readonly<Record<string, RunVerb>> = {
  Connect: connect,
  Gather: gather,
  Hangup: async (_verb, call) => end(call, 'completed'),
  Pause: async (verb, call, signal) => {
    await call.wait(seconds(verb.attributes['length'], 1), signal);
    return null;
  },
  Play: play,
  Redirect: async (verb) => ({ url: verb.text, method: methodOf(verb) }),
  Reject: async (verb, call) => end(call, verb.attributes['reason'] === 'busy' ? 'busy' : 'failed'),
  Say: say,
};

function end(call: TwimlCall, status: 'completed' | 'busy' | 'failed'): null {
  call.end(status);
  return null;
}

async function connect(verb: Verb, call: TwimlCall, signal: AbortSignal): Promise<Next | null> {
  for (const noun of verb.children) {
    if (noun.name === 'Stream') await call.stream(noun, signal);
    else call.note(12200, `Connect: ${noun.name}`);
  }
  const { action } = verb.attributes;
  return action === undefined ? null : { url: action, method: methodOf(verb) };
}

/** The shortest pass of a loop: an endless one with nothing in it still takes its time. */
const MIN_LOOP_MS = 20;

async function say(verb: Verb, call: TwimlCall, signal: AbortSignal): Promise<null> {
  const ms = Math.max(verb.text.length * call.sayMsPerCharacter, MIN_LOOP_MS);
  for (let left = loops(verb); left > 0; left--) {
    call.say(verb.text, verb.attributes['language'] ?? 'en-US');
    await call.wait(ms, signal);
  }
  return null;
}

const PLAYED_KEY_MS = 120;
const PLAYED_PAUSE_MS = 80;
/** `w` in `digits`. */
const PLAYED_WAIT_MS = 500;
/** Sound files are not fetched; each takes this long. */
const SOUND_FILE_MS = 1000;

async function play(verb: Verb, call: TwimlCall, signal: AbortSignal): Promise<null> {
  const { digits } = verb.attributes;
  if (digits === undefined)
    call.note(12200, 'Play: sound files are not fetched here, a pause stands for them');
  for (let left = loops(verb); left > 0; left--) {
    let ms = digits === undefined ? SOUND_FILE_MS : MIN_LOOP_MS;
    for (const key of digits ?? '') {
      const keyMs = /[\d*#A-D]/.test(key) ? PLAYED_KEY_MS : 0;
      const audio = new Uint8Array((keyMs === 0 ? PLAYED_WAIT_MS : keyMs + PLAYED_PAUSE_MS) * 8).fill(
        MULAW_SILENCE,
      );
      if (keyMs > 0) {
        const tone = new KeyTone(key, TELEPHONE_TONE);
        for (let i = 0; i < keyMs * 8; i++) audio[i] = tone.next();
      }
      call.play(audio);
      ms += audio.length / 8;
    }
    await call.wait(ms, signal);
  }
  return null;
}

async function gather(verb: Verb, call: TwimlCall, signal: AbortSignal): Promise<Next | null> {
  const { attributes } = verb;
  const timeout = seconds(attributes['timeout'], 5);
  const most = Number(attributes['numDigits'] ?? Infinity);
  const finish = attributes['finishOnKey'] ?? '#';
  let digits = '';
  let finished = false;
  let keyed = new AbortController();
  const stop = call.onKey((key) => {
    // Several keys may come in one turn.
    if (finished) return;
    finished = key === finish || (digits += key).length >= most;
    keyed.abort();
  });
  /** True when a key cut it short. */
  const untilKey = async (run: (signal: AbortSignal) => Promise<unknown>): Promise<boolean> => {
    keyed = new AbortController();
    await run(AbortSignal.any([signal, keyed.signal])).catch(() => null);
    signal.throwIfAborted();
    return keyed.signal.aborted;
  };
  try {
    await untilKey((cut) => runVerbs(verb.children, call, cut));
    const more = () => !finished && untilKey((cut) => call.wait(timeout, cut));
    while (await more());
  } finally {
    stop();
  }
  if (digits === '' && attributes['actionOnEmptyResult'] !== 'true') return null;
  return { url: attributes['action'] ?? '', method: methodOf(verb), extra: { Digits: digits } };
}

/** `loop` of a verb: 0 is for ever. */
function loops(verb: Verb): number {
  const loop = Number(verb.attributes['loop'] ?? 1);
  return loop === 0 ? Infinity : loop;
}

function seconds(attribute: string | undefined, usual: number): number {
  const given = Number(attribute ?? usual);
  return (Number.isFinite(given) && given >= 0 ? given : usual) * 1000;
}
