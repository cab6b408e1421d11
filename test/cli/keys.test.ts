import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { keys } from '../../src/cli/keys.js';
import { loadFileKeyProvider } from '../../src/vault/file-key-provider.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tw-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const code = await keys.run(args, { stdin: process.stdin, stdout, stderr, env: {} });
  stdout.end();
  stderr.end();
  return { code, stdout: await text(stdout), stderr: await text(stderr) };
}

it('makes a key file that the vault takes, and says what next', async () => {
  const file = join(dir, 'keys.json');
  expect(await run('create', file)).toEqual({
    code: 0,
    stdout: `${file} is made. Next: set VAULT_KEY_FILE=${file}, and put a copy in a safe place.\n`,
    stderr: '',
  });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await loadFileKeyProvider(file)).active).toBe('k1');
});

it('never overwrites one', async () => {
  const file = join(dir, 'keys.json');
  await run('create', file);
  await expect(run('create', file)).rejects.toMatchObject({ code: 'config_invalid' });
});

it.each([[], ['create'], ['make', 'x'], ['create', 'x', 'y']].map((args) => [args]))(
  'shows its usage for %j',
  async (args) => {
    expect(await run(...args)).toEqual({
      code: 2,
      stdout: '',
      stderr: 'usage: npx tonewall keys create FILE\n',
    });
  },
);
