import { pino, type DestinationStream } from 'pino';
import { Writable } from 'node:stream';

/**
 * The fields that a log line may carry. Anything else is dropped: message texts are static, values stand in named
 * fields, and none of these can hold a digit that somebody keyed.
 */
const ALLOWED = [
  'call',
  'capture',
  'leg',
  'call_sid',
  'stream_sid',
  'event',
  'event_type',
  'code',
  'reason',
  'status',
  'method',
  'route',
  'setting',
  'flow',
  'merchant',
  'principal',
  'api_key',
  'count',
  'ms',
  'port',
  'url',
  'file',
  'node',
  'attempt',
  'version',
  'detail',
] as const;

export type LogFields = Partial<Record<(typeof ALLOWED)[number], string | number | boolean | null>>;

export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

export interface LogOptions {
  level: string;
  /** Where lines go; standard output when left out. */
  destination?: DestinationStream;
  /** Called when the net below caught something: a bug, counted and alarmed on. */
  onBlanked?: () => void;
}

/** Longest text of a field: what the outside world sends (caller ids, references) is cut here. */
const MAX_TEXT = 200;

export function createLogger(options: LogOptions): Logger {
  const out = options.destination ?? process.stdout;
  const net = new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      const safe = blankCardNumbers(line);
      if (safe !== line) options.onBlanked?.();
      out.write(safe);
      done();
    },
  });
  const log = pino(
    { level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    net as DestinationStream,
  );
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (fields: LogFields, message: string) =>
    log[level](allowed(fields), message);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** For rooms under test and commands that have nothing to say. */
export const silentLogger: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function allowed(fields: LogFields): LogFields {
  const kept: LogFields = {};
  for (const name of ALLOWED) {
    const value = fields[name];
    if (value !== undefined) kept[name] = typeof value === 'string' ? value.slice(0, MAX_TEXT) : value;
  }
  return kept;
}

/** Runs of 13–19 digits, separators allowed between them, not part of a longer run of letters and digits. */
const DIGIT_RUN = /(?<![\dA-Za-z])\d(?:[ .\-_]?\d){12,18}(?![\dA-Za-z])/g;

/**
 * The last net under everything that is logged: card-like runs become `[blanked]`. Not the control, which is that no
 * digit ever reaches a log call.
 */
export function blankCardNumbers(line: string): string {
  return line.replace(DIGIT_RUN, (run) => (passesLuhn(run) ? '[blanked]' : run));
}

function passesLuhn(run: string): boolean {
  let sum = 0;
  let double = false;
  for (let i = run.length - 1; i >= 0; i--) {
    const digit = run.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) continue;
    const value = double ? digit * 2 : digit;
    sum += value > 9 ? value - 9 : value;
    double = !double;
  }
  return sum % 10 === 0;
}
