import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startProgram, type Program } from '../support/program.js';
import { until } from '../support/service.js';
import { Stages } from './stages.js';

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('a service whose caller is amid a capture, and three others are through', () => {
  let dir: string;
  let program: Program;
  let stages: Stages;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tw-report-'));
    // A live service refuses these options; elsewhere it warns.
    const options = `--report-on-signal --report-directory=${dir}`;
    program = await startProgram({ tls: true, env: { NODE_OPTIONS: options } });
    stages = await Stages.begin(program, 4);
    await stages.talk();
    await stages.arm();
    await stages.firstDigits();
    await stages.number();
    await stages.expiry(3, 'completed');
  }, 120_000);
  afterAll(async () => {
    await stages.close();
    await program.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it('A18: writes no number into a diagnostic report of Node', async () => {
    program.signal('SIGUSR2');
    let text = '';
    await until(async () => {
      const report = (await readdir(dir)).find((name) => name.startsWith('report.')) ?? 'none';
      text = await readFile(join(dir, report), 'utf8').catch(() => '');
      return text.trimEnd().endsWith('}');
    });
    expect(Object.keys(JSON.parse(text) as object)).toContain('javascriptHeap');
    expect(await stages.look(Buffer.from(text))).toEqual({ live: {}, over: {}, traces: {} });
  }, 30_000);
});
