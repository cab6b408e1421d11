#!/usr/bin/env node
import { AppError, codeOf } from '../errors.js';
import { apikeys } from './apikeys.js';
import { audit } from './audit.js';
import { backup } from './backup.js';
import { carrier } from './carrier.js';
import { charges } from './charges.js';
import type { Command } from './command.js';
import { demo } from './demo.js';
import { dtmf } from './dtmf.js';
import { events } from './events.js';
import { guard } from './guard.js';
import { keys } from './keys.js';
import { restore } from './restore.js';
import { scan } from './scan.js';
import { vault } from './vault.js';

/** The operator's tool: one file a command. */
const COMMANDS: readonly Command[] = [
  demo,
  keys,
  vault,
  apikeys,
  audit,
  events,
  charges,
  backup,
  restore,
  guard,
  dtmf,
  scan,
  carrier,
];

const [name, ...args] = process.argv.slice(2);
process.exitCode = await main(name, args);

async function main(name: string | undefined, args: readonly string[]): Promise<number> {
  const command = COMMANDS.find((command) => command.name === name);
  if (command === undefined) {
    const asked = name === undefined || name === '--help' || name === '-h' || name === 'help';
    (asked ? process.stdout : process.stderr).write(
      asked ? overview() : `no such command; see: npx tonewall --help\n`,
    );
    return asked ? 0 : 2;
  }
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(`${command.help.trim()}\n`);
    return 0;
  }
  // As with `| head`: whoever read has had enough, and that is no failure.
  let readerGone = false;
  process.stdout.once('error', (error) => {
    readerGone = codeOf(error) === 'EPIPE';
  });
  try {
    const { stdin, stdout, stderr, env } = process;
    return await command.run(args, { stdin, stdout, stderr, env });
  } catch (error) {
    if (readerGone) return 0;
    process.stderr.write(`${error instanceof AppError ? error.message : `failed (${codeOf(error)})`}\n`);
    return 1;
  }
}

function overview(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  const lines = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `usage: npx tonewall COMMAND [--help]\n\n${lines.join('\n')}\n`;
}
