import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { KEY_ASCII } from '../../../src/dsp/keypad.js';
import { MULAW_SILENCE } from '../../../src/dsp/mulaw.js';
import type { Heard } from '../../battery/receiver.js';
import { run, type Rival } from './rival.js';

/**
 * spandsp's receiver (S. Underwood), which much of free telephony uses: Debian's libspandsp-dev, called by a small C
 * program that is compiled when it is first needed.
 */
export const spandsp: Rival = { name: 'spandsp', missing: spandspMissing, receiver: listen };

const SOURCE = fileURLToPath(new URL('spandsp-dtmf.c', import.meta.url));
const CACHE = 'node_modules/.cache/rivals';
const PROGRAM = `${CACHE}/spandsp-dtmf`;

/** No compiler, no header, or nothing to link. */
const NOT_INSTALLED = /ENOENT|No such file|cannot find/;

/** Samples that it looks at at a time. */
const BLOCK = 102;
/** A press that it misses with its blocks in one place it may find with them in another. */
const PHASES = 6;

/** Why it can't run, and what to do; nothing when it can. Compiles the program where that is to be done. */
export function spandspMissing(): string | undefined {
  if (existsSync(PROGRAM) && statSync(PROGRAM).mtimeMs > statSync(SOURCE).mtimeMs) return undefined;
  const fresh = `${PROGRAM}-${process.pid}`;
  mkdirSync(CACHE, { recursive: true });
  try {
    run('cc', ['-O2', '-o', fresh, SOURCE, '-lspandsp', '-lm']);
  } catch (error) {
    if (!NOT_INSTALLED.test(String(error))) throw error;
    return 'spandsp or a C compiler is missing: apt-get install libspandsp-dev gcc libc6-dev';
  }
  renameSync(fresh, PROGRAM);
  return undefined;
}

/** It says how long a press was, but not where it began, and its level is that of the pair. */
function listen(mulaw: Uint8Array): Heard[] {
  return run(PROGRAM, ['listen'], mulaw)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [key = '', found, length] = line.split(' ');
      return {
        key: KEY_ASCII.indexOf(key.charCodeAt(0)),
        start: null,
        length: Number(length),
        level: null,
        found: Number(found),
      };
    });
}

/** Whether it finds any key, wherever its blocks begin. `spandspMissing` comes first. */
export function spandspHears(mulaw: Uint8Array): boolean {
  return Array.from({ length: PHASES }, (_, phase) => Math.round((phase * BLOCK) / PHASES)).some((late) => {
    const shifted = new Uint8Array(late + mulaw.length).fill(MULAW_SILENCE);
    shifted.set(mulaw, late);
    return listen(shifted).length > 0;
  });
}

/** Seconds of audio that it takes in a second of one core. `spandspMissing` comes first. */
export function spandspSpeed(mulaw: Uint8Array): number {
  return Number(run(PROGRAM, ['speed'], mulaw));
}
