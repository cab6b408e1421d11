import { AppError } from '../errors.js';

/** Where a Redis is and as whom to speak to it. */
export interface RedisAddress {
  /** A unix socket, or null. */
  path: string | null;
  /** Host and port; several are the seeds of a cluster, or Sentinels; none with a `path`. */
  nodes: readonly { host: string; port: number }[];
  /** The primary's name, and as whom to ask the Sentinels for it; null without them. */
  sentinel: { name: string; username: string | null; password: string | null } | null;
  tls: boolean;
  username: string | null;
  password: string | null;
}

const DEFAULT_PORT = 6379;
const SENTINEL_PORT = 26_379;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1', '::ffff:127.0.0.1']);
const SENTINEL_URL =
  /^redis(?<tls>s?)\+sentinel:\/\/(?:(?<user>[^:@/]*):(?<password>[^@/]*)@)?(?<hosts>[^@/?]+)\/(?<name>[\w.-]+)(?:\?(?<query>\S*))?$/;
const UNIX_URL = /^unix:\/\/(?:(?<user>[^:@/]*):(?<password>[^:@/]*)@)?(?<path>\/.+)$/;

/**
 * Reads `redis://`, `rediss://` and `unix://[USER:PASSWORD@]/PATH`; several, comma-separated, are a cluster, whose
 * user and password are those of the first. `redis+sentinel://[USER:PASSWORD@]HOST:PORT,…/NAME`, or `rediss+…`, asks
 * Sentinels for the primary of that name, with `?sentinel_user=…&sentinel_password=…` where they want one. Throws AppError `config_invalid`, which never repeats the text.
 */
export function parseRedisUrl(text: string): RedisAddress {
  const sentinel = SENTINEL_URL.exec(text.trim())?.groups;
  if (sentinel !== undefined) return sentinelAddress(sentinel);
  const addresses = text
    .split(',')
    .filter((url) => url.trim() !== '')
    .map((url) => parseOne(url.trim()));
  const [first, ...others] = addresses;
  if (first === undefined) throw invalid('is empty');
  if (others.length === 0) return first;
  if (addresses.some((address) => address.path !== null)) throw invalid('has a unix socket in a cluster');
  if (others.some((address) => address.tls !== first.tls)) throw invalid('mixes redis:// and rediss://');
  return { ...first, nodes: addresses.flatMap((address) => address.nodes) };
}

/** Whether every host of it is this machine. */
export function isLocal({ nodes }: RedisAddress): boolean {
  return nodes.every(({ host }) => isLoopback(host));
}

/** Whether a host, by name or address, is this machine. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.has(host);
}

function sentinelAddress(parts: Readonly<Record<string, string>>): RedisAddress {
  const { tls = '', user, password, hosts = '', name = '', query } = parts;
  const asked = new URLSearchParams(query);
  const nodes = hosts.split(',').flatMap((host) => parseOne(`redis://${host.trim()}`, SENTINEL_PORT).nodes);
  const [username, secret] = [asked.get('sentinel_user'), asked.get('sentinel_password')];
  const sentinel = { name, username, password: secret };
  return { path: null, nodes, sentinel, tls: tls !== '', ...login(user, password) };
}

function parseOne(url: string, defaultPort = DEFAULT_PORT): RedisAddress {
  const unix = UNIX_URL.exec(url)?.groups;
  if (unix !== undefined) {
    return {
      path: unix['path'] ?? '',
      nodes: [],
      sentinel: null,
      tls: false,
      ...login(unix['user'], unix['password']),
    };
  }
  // An error of `new URL` carries its input, and with it the password.
  if (!URL.canParse(url)) throw invalid('can not be read');
  const parsed = new URL(url);
  if (parsed.hostname === '') throw invalid('has no host');
  if (parsed.protocol !== 'redis:' && parsed.protocol !== 'rediss:') throw invalid('has an unknown scheme');
  if (parsed.pathname !== '' && parsed.pathname !== '/' && parsed.pathname !== '/0') {
    throw invalid('names a database other than 0');
  }
  return {
    path: null,
    sentinel: null,
    nodes: [{ host: parsed.hostname.replace(/^\[|\]$/g, ''), port: Number(parsed.port || defaultPort) }],
    tls: parsed.protocol === 'rediss:',
    ...login(parsed.username, parsed.password),
  };
}

function login(user = '', password = ''): Pick<RedisAddress, 'username' | 'password'> {
  try {
    return {
      username: user === '' ? null : decodeURIComponent(user),
      password: password === '' ? null : decodeURIComponent(password),
    };
  } catch {
    throw invalid('has a user or password that is not percent-encoded');
  }
}

function invalid(what: string): AppError {
  return new AppError(
    'config_invalid',
    `REDIS_URL ${what}; for instance redis://tonewall:PASSWORD@127.0.0.1:6379`,
  );
}
