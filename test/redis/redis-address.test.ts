import { describe, expect, it } from '@jest/globals';
import { parseRedisUrl } from '../../src/redis/redis-address.js';

describe('a Redis URL', () => {
  it.each([
    [
      'redis://127.0.0.1',
      { path: null, nodes: [{ host: '127.0.0.1', port: 6379 }], tls: false, username: null, password: null },
    ],
    [
      'rediss://me:p%40ss@redis.example:7000/0',
      {
        path: null,
        nodes: [{ host: 'redis.example', port: 7000 }],
        tls: true,
        username: 'me',
        password: 'p@ss',
      },
    ],
    [
      'redis://[::1]:7000',
      { path: null, nodes: [{ host: '::1', port: 7000 }], tls: false, username: null, password: null },
    ],
    [
      'unix://me:secret@/run/a b/redis.sock',
      { path: '/run/a b/redis.sock', nodes: [], tls: false, username: 'me', password: 'secret' },
    ],
    [
      'redis://me:x@a:1, redis://b:2',
      {
        path: null,
        nodes: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
        ],
        tls: false,
        username: 'me',
        password: 'x',
      },
    ],
    [
      'rediss+sentinel://me:p%40ss@a:1,[::1]/cards?sentinel_user=you&sentinel_password=w%40tch',
      {
        path: null,
        nodes: [
          { host: 'a', port: 1 },
          { host: '::1', port: 26_379 },
        ],
        sentinel: { name: 'cards', username: 'you', password: 'w@tch' },
        tls: true,
        username: 'me',
        password: 'p@ss',
      },
    ],
    [
      'redis+sentinel://a/cards',
      {
        path: null,
        nodes: [{ host: 'a', port: 26_379 }],
        sentinel: { name: 'cards', username: null, password: null },
        tls: false,
        username: null,
        password: null,
      },
    ],
  ])('%s', (url, address) => expect(parseRedisUrl(url)).toEqual({ sentinel: null, ...address }));

  it.each([
    '',
    'hunter2',
    'http://hunter2@a',
    'redis://u:hunter2@',
    'redis://hunter2/3',
    'redis://u:%hunter2@a',
    'unix://u:hunter2@',
    'redis://hunter2,rediss://b',
    'redis://hunter2,unix:///b',
    'redis+sentinel://u:hunter2@a',
    'redis+sentinel://u:%hunter2@a/cards',
    'redis+sentinel://u:hunter2@a,/cards',
  ])('%j is refused without being repeated', (url) => {
    expect(() => parseRedisUrl(url)).toThrow(expect.objectContaining({ code: 'config_invalid' }));
    expect(() => parseRedisUrl(url)).not.toThrow(/hunter2/);
  });
});
