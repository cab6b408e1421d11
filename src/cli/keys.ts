import { systemClock, timestamp } from '../clock.js';
import { createKeyFile } from '../vault/key-file.js';
import type { Command } from './command.js';

export const keys: Command = {
  name: 'keys',
  summary: 'makes a vault key file',
  help: `
usage: npx tonewall keys create FILE

Makes a key file for the vault, mode 0600, with fresh random keys. A file that exists is never overwritten.
Who has this file and the Redis data has every card: keep it apart from the data and from its backups, and keep a
copy of it in a safe place: without it no stored card can be opened again.

example: npx tonewall keys create /etc/tonewall/vault-keys.json`,
  async run([action, file, ...rest], { stdout, stderr }) {
    if (action !== 'create' || file === undefined || rest.length > 0) {
      stderr.write('usage: npx tonewall keys create FILE\n');
      return 2;
    }
    await createKeyFile(file, timestamp(systemClock.now()));
    stdout.write(`${file} is made. Next: set VAULT_KEY_FILE=${file}, and put a copy in a safe place.\n`);
    return 0;
  },
};
