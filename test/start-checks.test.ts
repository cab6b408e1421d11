import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { silentLogger, type LogFields } from '../src/log.js';
import {
  insistOnSafety,
  keysBeside,
  processLimits,
  readableKeys,
  unsafeFacts,
  type ProcessFacts,
} from '../src/start-checks.js';

const SAFE: ProcessFacts = {
  flags: ['--enable-source-maps', '--max-old-space-size=512'],
  env: { PATH: '/usr/bin', NODE_OPTIONS: '', NODE_ENV: 'production' },
  inspected: false,
  limits:
    'Limit                     Soft Limit           Hard Limit           Units     \n' +
    'Max core file size        0                    unlimited            bytes     \n',
};

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tw-'));
  await mkdir(join(dir, 'data/redis'), { recursive: true });
  await mkdir(join(dir, 'database'));
  for (const file of ['keys', 'data/keys', 'database/keys', 'tls.key']) await writeFile(join(dir, file), '');
  await symlink(join(dir, 'data/keys'), join(dir, 'link'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('the way a process is started', () => {
  it('is safe with nothing out of the ordinary', () => {
    expect(unsafeFacts(SAFE)).toEqual([]);
    expect(unsafeFacts({ ...SAFE, limits: '' })).toEqual([]);
  });

  it.each([
    ['--inspect', 'opens all memory to a debugger'],
    ['--inspect-brk=0.0.0.0:9229', 'opens all memory to a debugger'],
    ['--heapsnapshot-signal=SIGUSR2', 'writes memory to a file'],
    ['--heapsnapshot-near-heap-limit=2', 'writes memory to a file'],
    ['--report-on-fatalerror', 'writes what the process holds to a file'],
    ['--report-uncaught-exception', 'writes what the process holds to a file'],
    ['--abort-on-uncaught-exception', 'writes memory to a core file'],
    ['--tls-keylog=/keys', 'writes the keys of connections to a file'],
  ])('is unsafe with %s', (flag, why) => {
    expect(unsafeFacts({ ...SAFE, flags: [flag] })).toEqual([`${flag} ${why}: start without it`]);
  });

  it.each([
    ['NODE_OPTIONS', '--inspect'],
    ['NODE_DEBUG', 'http'],
    ['DEBUG', 'ioredis:*'],
    ['NODE_V8_COVERAGE', '/coverage'],
    ['NODE_TLS_REJECT_UNAUTHORIZED', '0'],
  ])('is unsafe with %s=%s, which is not repeated', (name, value) => {
    const [line = '', ...more] = unsafeFacts({ ...SAFE, env: { [name]: value } });
    expect(more).toEqual([]);
    expect(line).toMatch(new RegExp(`^${name} .*\\. Leave it out$`));
    expect(line).not.toContain(`${value} `);
  });

  it('is unsafe once the inspector is open, by whatever way', () => {
    expect(unsafeFacts({ ...SAFE, inspected: true })).toEqual([
      expect.stringMatching(/^the inspector is open/),
    ]);
  });

  it.each(['unlimited', '1024'])('is unsafe with core dumps of %s', (soft) => {
    const limits = SAFE.limits.replace(/0 {20}/, soft.padEnd(21));
    expect(unsafeFacts({ ...SAFE, limits })).toEqual([expect.stringMatching(/^core dumps are on/)]);
  });

  it('is told by the system itself', async () => {
    if (process.platform === 'linux') expect(await processLimits()).toMatch(/^Max core file size +\S+/m);
  });
});

describe('key files', () => {
  const plain = { name: 'plain' } as const;
  const beside = (path: string) => `VAULT_KEY_FILE lies beside the cards, under ${path}: keep it elsewhere`;

  it('lie beside the cards anywhere under their folder, through a link too', async () => {
    const data = join(dir, 'data');
    for (const file of ['data/keys', 'link', 'data/not-made-yet']) {
      expect(await keysBeside(data, { vaultKeyFile: join(dir, file), vaultSeal: plain })).toEqual([
        beside(data),
      ]);
    }
    for (const file of ['keys', 'database/keys']) {
      expect(await keysBeside(data, { vaultKeyFile: join(dir, file), vaultSeal: plain })).toEqual([]);
    }
    expect(await keysBeside('/nowhere', { vaultKeyFile: join(dir, 'keys'), vaultSeal: plain })).toEqual([]);
  });

  it('have what opens them apart from the cards as well', async () => {
    const seal = { name: 'passphrase', passphraseFile: join(dir, 'data/keys') } as const;
    expect(await keysBeside(join(dir, 'data'), { vaultKeyFile: join(dir, 'keys'), vaultSeal: seal })).toEqual(
      [expect.stringMatching(/^VAULT_KEY_PASSPHRASE_FILE lies beside/)],
    );
  });

  it('of TLS are not for everybody', async () => {
    const tls = { certFile: '', keyFile: join(dir, 'tls.key') };
    await chmod(tls.keyFile, 0o644);
    expect(await readableKeys({ tls })).toEqual([
      `TLS_KEY_FILE can be read by others: chmod o= ${tls.keyFile}`,
    ]);
    await chmod(tls.keyFile, 0o640);
    expect(await readableKeys({ tls })).toEqual([]);
    expect(await readableKeys({ tls: null })).toEqual([]);
  });
});

describe('what is unsafe', () => {
  const lines: [LogFields, string][] = [];
  const log = { ...silentLogger, warn: (...line: [LogFields, string]) => void lines.push(line) };

  it('stops a live start, a line each, and warns on loopback', () => {
    expect(() => insistOnSafety(['a', 'b'], { live: true, log })).toThrow('a\nb');
    expect(() => insistOnSafety([], { live: true, log })).not.toThrow();
    insistOnSafety(['a', 'b'], { live: false, log });
    expect(lines).toEqual([
      [{ detail: 'a' }, 'unsafe start: allowed on loopback only'],
      [{ detail: 'b' }, 'unsafe start: allowed on loopback only'],
    ]);
  });
});
