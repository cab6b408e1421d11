import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { verifyChain } from '../../src/audit/verify-chain.js';
import { powerCut } from '../support/power-cut.js';
import { AUDIT_KEYS, entriesOf, newFolder, writeChain } from './chains.js';

const ROUNDS = 3;
/** As `ulimit -f` counts: 64 KiB. */
const BLOCKS = 64;

let dir: string;
let child: ChildProcess | null = null;
beforeEach(async () => {
  dir = await newFolder();
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await rm(dir, { recursive: true });
});

describe('A44: a process that dies', () => {
  it('has on disk what it said was there, and the chain goes on', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { lines, exited } = start('exec "$@"');
      let last = 0;
      for await (const line of lines) {
        if (line.startsWith('ok ')) last = Number(line.slice(3));
        if (last % 1_000 > 300 + 200 * round) child?.kill('SIGKILL');
      }
      await exited;
      const verdict = await verifyChain(dir, { keys: AUDIT_KEYS });
      expect(verdict.fault).toBeNull();
      expect(verdict.head.seq).toBeGreaterThanOrEqual(last);
      expect(last).toBeGreaterThan(0);
    }
    await writeChain(dir, 1);
    expect((await verifyChain(dir, { keys: AUDIT_KEYS })).fault).toBeNull();
    const starts = (await entriesOf(dir)).filter(({ type }) => type === 'log.start');
    expect(starts).toHaveLength(ROUNDS + 1);
  }, 60_000);
});

describe('A44: a power cut', () => {
  it('loses nothing that was said to be on disk', async () => {
    const chain = join(dir, 'chain');
    await mkdir(chain);
    const cut = { ...process.env, ...powerCut(dir), POWER_CUT_FOLDER: chain };
    const { lines, exited } = start('exec "$@"', chain, cut);
    let last = 0;
    for await (const line of lines) {
      if (line.startsWith('ok ')) last = Number(line.slice(3));
      if (last > 300) child?.kill('SIGKILL');
    }
    await exited;
    // Whatever starts next finds what was synced, and no more.
    execFileSync('true', { env: cut });
    const verdict = await verifyChain(chain, { keys: AUDIT_KEYS });
    expect(verdict).toMatchObject({ fault: null, torn: 0 });
    expect(verdict.head.seq).toBeGreaterThanOrEqual(last);
    await writeChain(chain, 1);
    expect((await verifyChain(chain, { keys: AUDIT_KEYS })).fault).toBeNull();
  }, 60_000);
});

describe('A44: a disk that takes nothing more', () => {
  it.each(['a new chain', 'a chain that goes on'])(
    'lets a process start with %s, later',
    async (which) => {
      if (which === 'a chain that goes on') await writeChain(dir, 5);
      const before = (await entriesOf(dir)).length;
      const { lines, exited } = start(`trap '' XFSZ; ulimit -Sf 0; exec "$@"`);
      let refused = false;
      for await (const line of lines) {
        if (line === 'no' && !refused) {
          refused = true;
          expect(await entriesOf(dir)).toHaveLength(before);
          execFileSync('prlimit', ['--pid', String(child?.pid), '--fsize=unlimited:']);
        } else if (line.startsWith('ok')) child?.kill('SIGTERM');
      }
      await exited;
      expect(refused).toBe(true);
      expect(await verifyChain(dir, { keys: AUDIT_KEYS })).toMatchObject({ fault: null, torn: 0 });
      const types = (await entriesOf(dir)).slice(before).map(({ type }) => type);
      const begin = before === 0 ? ['log.begin'] : [];
      expect(types.slice(0, begin.length + 2)).toEqual([...begin, 'log.start', 'log.gap']);
    },
    60_000,
  );

  it('stops entries, and they go on by themselves when it does again, with a gap told', async () => {
    const { lines, exited } = start(`trap '' XFSZ; ulimit -Sf ${BLOCKS}; exec "$@"`);
    let refused = false;
    let after = 0;
    for await (const line of lines) {
      if (line === 'no' && !refused) {
        refused = true;
        execFileSync('prlimit', ['--pid', String(child?.pid), '--fsize=unlimited:']);
      } else if (refused && line.startsWith('ok') && ++after === 20) child?.kill('SIGTERM');
    }
    await exited;
    expect(refused).toBe(true);
    expect(await verifyChain(dir, { keys: AUDIT_KEYS })).toMatchObject({ fault: null, torn: 0 });
    const gaps = (await entriesOf(dir)).filter(({ type }) => type === 'log.gap');
    expect(gaps).toMatchObject([{ actor: 'service', resource: 'EFBIG' }]);
  }, 60_000);
});

function start(shell: string, folder = dir, env = process.env) {
  const script = [process.execPath, '--import', 'tsx', join('test', 'audit', 'append-child.ts'), folder];
  const appender = spawn('bash', ['-c', shell, 'bash', ...script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
  });
  child = appender;
  return { lines: createInterface({ input: appender.stdout }), exited: once(appender, 'exit') };
}
