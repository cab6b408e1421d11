import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { userInfo, tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CrossedHeads } from '../../src/audit/crossed-heads.js';
import { openAudit, type OpenAudit } from '../../src/audit/open-audit.js';
import { apikeys } from '../../src/cli/apikeys.js';
import { audit } from '../../src/cli/audit.js';
import type { Command } from '../../src/cli/command.js';
import { keys } from '../../src/cli/keys.js';
import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { openKeys } from '../support/keys.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';
import { entriesOf } from '../audit/chains.js';

let server: TestRedis;
beforeAll(async () => {
  server = await startTestRedis();
});
afterAll(() => server.stop());

let dir: string;
let service: OpenAudit;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tonewall-audit-'));
  await createKeyFile(join(dir, 'keys.json'), '2026-11-21T00:00:00.000Z');
  service = await openService(dir);
});
afterEach(async () => {
  await service.close();
  await rm(dir, { recursive: true });
});

describe('audit verify', () => {
  it('finds the chains of service and operators as they were written, while both are open', async () => {
    const { code, stdout } = await run(audit, ['verify']);
    expect(stdout.replaceAll(/ed25519:\S{43}/g, 'KEY')).toBe(
      [
        `${dir}/audit/operator`,
        '  chain    KEY',
        '  checked  links, 0 checkpoints, the head, MACs',
        '  open     1 intents without an outcome: under way, or a process died',
        '  good     3 entries are as they were written',
        `${dir}/audit/service`,
        '  chain    KEY',
        '  checked  links, 0 checkpoints, the head, MACs',
        '  good     2 entries are as they were written',
        '',
      ].join('\n'),
    );
    expect(code).toBe(0);
  });

  it('names the first bad entry, and exits with 1', async () => {
    for (const resource of ['a', 'b', 'c']) service.audit.fact('key.active', resource);
    await service.close();
    const file = join(dir, 'audit/service/0000000001.jsonl');
    await writeFile(file, (await readFile(file, 'utf8')).replace('"b"', '"x"'));
    const { code, stdout } = await run(audit, ['verify']);
    expect(stdout).toContain(
      '  BAD      entry 4 was changed, or is of another chain: its MAC does not fit\n' +
        `         in ${file}; 3 entries before it hold together\n`,
    );
    expect(code).toBe(1);
    service = await openService(await mkdtemp(join(dir, 'other-')));
  });

  it('checks a copy without keys, and writes nothing', async () => {
    const { code, stdout } = await run(audit, ['verify', join(dir, 'audit/service')], {
      VAULT_KEY_FILE: '/none',
    });
    expect(stdout).toContain(
      '  checked  links, 0 checkpoints, the head; no MACs: the vault keys are needed\n',
    );
    expect(code).toBe(0);
  });

  it('checks what was shipped, which has no head', async () => {
    const copy = join(dir, 'arrived');
    await mkdir(copy);
    await cp(join(dir, 'audit/service/0000000001.jsonl'), join(copy, '0000000001.jsonl'));
    const { code, stdout } = await run(audit, ['verify', copy, '--shipped']);
    expect(stdout).toContain('  checked  links, 0 checkpoints; no MACs: the vault keys are needed\n');
    expect(stdout).toContain('  good     2 entries are as they were written\n');
    expect(code).toBe(0);
    expect((await run(audit, ['verify', copy])).code).toBe(1);
  });

  it('says which chains are missing, and what Redis knows of those that are here', async () => {
    const redis = await server.client();
    const missing = await openService(await mkdtemp(join(dir, 'missing-')));
    for (const { log } of [missing, service]) {
      const heads = new CrossedHeads({ log, redis, clock: systemClock, logger: silentLogger });
      heads.start();
      await heads.stop();
    }
    const { code, stdout } = await run(audit, ['verify', '--heads']);
    expect(stdout).toContain(`${missing.log.chain} is not here: it had 2 entries at `);
    expect(stdout).toContain('  redis    has its entry 2 of ');
    expect(code).toBe(0);
    await missing.close();
  });
});

describe('audit show', () => {
  it('shows who did what to what, from where, and how it went', async () => {
    const visitor = { actor: 'crm', origin: '192.0.2.7' };
    await service.audit.as(visitor, () =>
      service.audit.operation('token.destroy', 'shop/tnw_4F9K..7QX2', () => Promise.resolve(true)),
    );
    const { stdout } = await run(audit, ['show', '--type', 'token']);
    const lines = stdout.split('\n').filter((line) => line.includes('token'));
    expect(lines.map((line) => line.slice(26))).toEqual([
      '       3  token.destroy        intent          crm (192.0.2.7)               shop/tnw_4F9K..7QX2',
      '       4  token.destroy        done of 3       crm (192.0.2.7)               shop/tnw_4F9K..7QX2',
    ]);
  });

  it.each([
    [
      ['--actor', 'service', '--type', 'log.begin'],
      ['log.begin', 'log.begin'],
    ],
    [['--since', '2999-01-01'], []],
    [['--since', '1h', '--type', 'log.show'], ['log.show']],
  ])('shows what %j asks for', async (words, types) => {
    const { stdout } = await run(audit, ['show', '--json', ...words]);
    const shown = stdout.split('\n').filter((line) => line !== '');
    expect(shown.map((line) => (JSON.parse(line) as { type: string }).type)).toEqual(types);
  });

  it.each([[['show', '--since', 'tomorrow']]])('refuses %j', async (words) => {
    await expect(run(audit, words)).rejects.toMatchObject({ code: 'bad_request' });
  });

  it.each([
    [['show', 'a', 'b']],
    [['prove']],
    [['verify', '--json']],
    [['verify', '--shipped']],
    [['show', '--heads']],
  ])('is not used as in %j', async (words) => {
    expect(await run(audit, words)).toMatchObject({ code: 2, stdout: '' });
  });
});

it('has an entry for everything that an operator does, and what it was done to', async () => {
  const id = async () => ((await run(apikeys, ['list'])).stdout.match(/key_\w+/g) ?? [])[0] ?? '';
  await run(apikeys, ['create', '--principal', 'crm', '--merchant', 'shop', '--scopes', 'audit:read']);
  const first = await id();
  await run(apikeys, ['rotate', first]);
  await expect(run(apikeys, ['enable', first])).rejects.toThrow('is active already');
  await run(apikeys, ['revoke', first]);
  await run(keys, ['rotate']);
  await run(keys, ['retire', 'k1']);
  await run(keys, ['reinstate', 'k1']);
  await run(keys, ['retire', 'k1']);
  await run(keys, ['destroy', 'k1']);
  await run(keys, ['reseal']);
  await run(audit, ['show']);
  await run(audit, ['verify']);
  const entries = (await entriesOf(join(dir, 'audit/operator'))).filter(
    ({ type }) => !/^log\.(begin|start|stop|ch)/.test(type),
  );
  expect(entries.filter(({ outcome }) => outcome === 'intent')).toHaveLength(12);
  expect(
    entries
      .filter(({ outcome }) => outcome !== 'intent')
      .map(({ type, outcome, resource }) => [type, outcome, resource.replaceAll(/key_\w+/g, 'ID')]),
  ).toEqual([
    ['apikey.create', 'done', 'shop/crm ID'],
    ['apikey.rotate', 'done', 'shop/crm ID'],
    ['apikey.enable', 'failed', 'ID'],
    ['apikey.revoke', 'done', 'ID'],
    ['key.rotate', 'done', 'k2'],
    ['key.retire', 'done', 'k1'],
    ['key.reinstate', 'done', 'k1'],
    ['key.retire', 'done', 'k1'],
    ['key.destroy', 'done', 'k1'],
    ['key.reseal', 'done', 'plain to plain'],
    ['log.show', 'done', ''],
    ['log.verify', 'done', ''],
  ]);
  expect(new Set(entries.map(({ actor }) => actor))).toEqual(new Set([userInfo().username]));
});

it('has an entry for the making of the keys, or there are none', async () => {
  const file = join(dir, 'new.json');
  const apart = { DATA_DIR: join(dir, 'apart') };
  await run(keys, ['create', file], apart);
  const made = (await entriesOf(join(dir, 'apart/audit/operator'))).filter(
    ({ type }) => type === 'key.create',
  );
  expect(made).toMatchObject([{ outcome: 'done', actor: userInfo().username, resource: file }]);
  const other = join(dir, 'other.json');
  await expect(run(keys, ['create', other], apart)).rejects.toMatchObject({ code: 'config_invalid' });
  await expect(readFile(other)).rejects.toMatchObject({ code: 'ENOENT' });
});

it('changes nothing when it can not be written down', async () => {
  await run(audit, ['verify']);
  await rm(join(dir, 'audit/operator/signer'));
  const created = run(apikeys, ['create', '--principal', 'nobody', '--scopes', 'audit:read']);
  await expect(created).rejects.toMatchObject({ code: 'config_invalid' });
  expect((await run(apikeys, ['list'])).stdout).not.toContain('nobody');
});

it('changes nothing on a full disk', async () => {
  await mkdir(join(dir, 'audit/operator'), { recursive: true });
  await symlink('/dev/full', join(dir, 'audit/operator/signer.new'));
  await expect(run(keys, ['rotate'])).rejects.toMatchObject({
    code: 'config_invalid',
    message: 'the audit trail can not be written: is the disk of DATA_DIR full?',
  });
  await rm(join(dir, 'audit/operator/signer.new'));
  await run(keys, ['rotate']);
  expect((await run(keys, ['status'])).stdout).not.toContain('k3');
});

async function openService(dataDir: string): Promise<OpenAudit> {
  const keys = await openKeys(join(dir, 'keys.json'));
  return openAudit({
    ...{ dataDir, writer: 'service', keys },
    ...{ clock: systemClock, log: silentLogger, metrics: createMetrics() },
  });
}

async function run(command: Command, args: readonly string[], more: Record<string, string> = {}) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const env = { DATA_DIR: dir, VAULT_KEY_FILE: join(dir, 'keys.json'), REDIS_URL: server.url, ...more };
  const code = await command.run(args, { stdin: process.stdin, stdout, stderr, env });
  stdout.end();
  stderr.end();
  return { code, stdout: await text(stdout), stderr: await text(stderr) };
}
