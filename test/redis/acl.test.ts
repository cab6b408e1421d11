import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { aclRules, REDIS_USER, REPLAY_RULES } from '../../src/redis/acl.js';

const rules = aclRules('PASSWORD_SHA256');

it('the example for operators has the rules of the private server', async () => {
  expect(await readFile('deploy/redis/users.acl.example', 'utf8')).toBe(
    `user default ${REPLAY_RULES}\nuser ${REDIS_USER} ${rules}\n`,
  );
});

it('every command that the source sends is allowed', async () => {
  const allowed = new Set(Array.from(rules.matchAll(/\+([a-z]+)/g), ([, name]) => name));
  const files = (await readdir('src', { recursive: true })).filter((name) => name.endsWith('.ts'));
  const sent = new Set<string>();
  for (const file of files) {
    const text = await readFile(join('src', file), 'utf8');
    const calls = text.matchAll(/(?:command|commandBuffer|everyNode|redis\.call)\(\s*'([A-Z]+)'/g);
    for (const [, name = ''] of calls) sent.add(name.toLowerCase());
  }
  expect(sent.size).toBeGreaterThan(15);
  expect([...sent].filter((name) => !allowed.has(name))).toEqual([]);
});

it.each(['keys', 'monitor', 'debug', 'config|set', 'flushall', 'flushdb', 'dump', 'slowlog', 'shutdown'])(
  '%s is not allowed',
  (command) => {
    expect(rules.split(' ')).toContain('-@all');
    expect(rules.split(' ')).not.toContain(`+${command}`);
  },
);
