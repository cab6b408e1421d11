import { spawnSync } from 'node:child_process';
import type { Receiver } from '../../battery/receiver.js';

/** Another receiver of DTMF. */
export interface Rival {
  readonly name: string;
  /** Why it can't run, and what to do; nothing when it can. To be asked before the receiver is used. */
  missing(): string | undefined;
  readonly receiver: Receiver;
}

/** Hours of audio go in, and a line a press comes out. */
const MOST_OUTPUT = 64 << 20;

/** Runs a program to its end; what it wrote to standard output. Throws what it said went wrong. */
export function run(program: string, args: readonly string[], input?: Uint8Array): string {
  const { error, status, stdout, stderr } = spawnSync(program, args, {
    ...(input ? { input } : {}),
    maxBuffer: MOST_OUTPUT,
    encoding: 'latin1',
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr.trim()}`);
  return stdout;
}

export function isInstalled(program: string): boolean {
  return spawnSync(program, ['--help']).error === undefined;
}
