import { AppError } from './errors.js';

/** At most so many within so long. */
export interface Limit {
  most: number;
  seconds: number;
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
/** What is counted is remembered one by one. */
const MOST_COUNTED = 100_000;
const LONGEST_WINDOW = 7 * 86_400;

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads settings by their names and gathers what is wrong with them. Each method gives the value, or something of its
 * type where it noted a fault: `finish` then throws.
 */
export class SettingReader<Name extends string> {
  readonly warnings: string[] = [];
  readonly #env: Environment;
  readonly #errors: string[] = [];

  constructor(env: Environment) {
    this.#env = env;
  }

  wrong(name: Name, what: string, example: string): void {
    this.#errors.push(`${name} ${what}. Example: ${name}=${example}`);
  }

  unsafe(live: boolean, name: Name, what: string, example: string): void {
    if (live) this.wrong(name, what, example);
    else this.warnings.push(`${name} ${what}`);
  }

  /** Throws AppError `config_invalid` with a line for each fault. */
  finish(): void {
    if (this.#errors.length > 0) throw new AppError('config_invalid', this.#errors.join('\n'));
  }

  /** Empty counts as not set, as compose files write it. */
  text(name: Name): string | null {
    const value = this.#env[name]?.trim();
    return value === undefined || value === '' ? null : value;
  }

  matching(name: Name, pattern: RegExp, example: string): string | null {
    const value = this.text(name);
    if (value === null || pattern.test(value)) return value;
    this.wrong(name, 'is not of the right form', example);
    return null;
  }

  required(name: Name, pattern: RegExp, example: string): string {
    if (this.text(name) === null) this.wrong(name, 'is missing', example);
    return this.matching(name, pattern, example) ?? '';
  }

  /** One value, or two with a comma while a secret is being rotated. */
  list(name: Name, pattern: RegExp, example: string): readonly string[] {
    const parts =
      this.text(name)
        ?.split(',')
        .map((part) => part.trim()) ?? [];
    if (parts.length > 2) this.wrong(name, 'has more than two values', `${example},${example}`);
    if (!parts.every((part) => pattern.test(part))) this.wrong(name, 'is not of the right form', example);
    return parts;
  }

  requiredList(name: Name, pattern: RegExp, example: string): readonly string[] {
    if (this.text(name) === null) this.wrong(name, 'is missing', example);
    return this.list(name, pattern, example);
  }

  integer(name: Name, fallback: number, least: number, most: number): number {
    const value = this.text(name);
    if (value === null) return fallback;
    const number = Number(value);
    if (/^-?\d+$/.test(value) && number >= least && number <= most) return number;
    this.wrong(name, `is not a whole number from ${least} to ${most}`, String(fallback));
    return fallback;
  }

  /** `20/1h` is twenty within an hour (s, m, h or d); null, written `off`: as many as come. */
  limit(name: Name, fallback: string): Limit | null {
    const value = this.text(name) ?? fallback;
    if (value === 'off') return null;
    const [, most, count, unit] = /^(\d{1,6})\/(\d{1,6})([smhd])$/.exec(value) ?? [];
    const limit = { most: Number(most), seconds: Number(count) * (SECONDS[unit ?? ''] ?? 0) };
    const { most: many, seconds } = limit;
    if (many >= 1 && many <= MOST_COUNTED && seconds >= 1 && seconds <= LONGEST_WINDOW) return limit;
    this.wrong(name, `is neither \`off\` nor up to ${MOST_COUNTED} within up to 7d`, fallback);
    return null;
  }

  choice<T extends string>(name: Name, choices: readonly T[], fallback: T): T {
    const value = this.text(name);
    if (value === null) return fallback;
    const found = choices.find((choice) => choice === value);
    if (found === undefined) this.wrong(name, `is none of ${choices.join(', ')}`, fallback);
    return found ?? fallback;
  }

  /** An http(s) URL without user or password; plain http only to loopback where `secure` is asked for. */
  url(name: Name, secure: boolean): string | null {
    const value = this.text(name);
    if (value === null) return null;
    const url = URL.canParse(value) ? new URL(value) : null;
    const plain = url?.protocol === 'http:';
    if (url === null || !(plain || url.protocol === 'https:') || url.username !== '') {
      this.wrong(name, 'is not an http or https URL', 'https://crm.example.com/tonewall');
    } else if (plain && secure && !isLoopback(value)) {
      this.wrong(name, 'is not https', 'https://crm.example.com/tonewall');
    }
    return value.replace(/\/+$/, '');
  }

  /** A base URL: scheme, host, port, and nothing behind. Anything but https is refused unless it is loopback. */
  origin(name: Name, fallback: string): string {
    const value = this.text(name);
    if (value === null) return fallback;
    const example = 'https://voice.example.com';
    const url = URL.canParse(value) ? new URL(value) : null;
    if (url === null || !/^https?:$/.test(url.protocol)) {
      this.wrong(name, 'is not an https URL', example);
    } else if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '') {
      this.wrong(
        name,
        'has something behind the host, which signatures could not be checked against',
        example,
      );
    } else if (url.protocol === 'http:' && !isLoopback(value)) {
      this.wrong(name, 'is not https: only loopback may be http', example);
    } else {
      return url.origin;
    }
    return fallback;
  }

  redisUrl(name: Name): string | null {
    const value = this.text(name);
    if (value === null) return null;
    if (
      SENTINEL_URL.test(value) ||
      value.split(',').every((part) => /^(rediss?:\/\/\S+|unix:\/\/([^\s/@]+@)?\/\S+)$/.test(part.trim()))
    )
      return value;
    this.wrong(
      name,
      'is not a redis://, rediss:// or unix:// URL (or several, comma-separated, for a cluster, or redis+sentinel://)',
      'rediss://user:password@redis.example.com:6380',
    );
    return null;
  }
}

/** Its parts are read where it is used. */
const SENTINEL_URL = /^rediss?\+sentinel:\/\/[^\s/]+\/[\w.-]+(\?\S*)?$/;

/** Whether a URL's host is this machine. */
export function isLoopback(url: string): boolean {
  if (url.startsWith('unix://')) return true;
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
