/** `npm run build`: the service by tsc, the pages by Vite, and the operator's tool where `npx` finds it. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const BIN = join(ROOT, 'node_modules', '.bin');

rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
run('tsc', ['-p', 'tsconfig.json']);
run('vite', ['build', '--logLevel', 'warn']);

const tool = join(ROOT, 'dist/cli/tonewall.js');
chmodSync(tool, 0o755);
const link = join(BIN, 'tonewall');
mkdirSync(BIN, { recursive: true });
rmSync(link, { force: true });
symlinkSync('../../dist/cli/tonewall.js', link);
writeFileSync(join(ROOT, 'dist', '.built'), '');

function run(name, args) {
  const program = join(BIN, name);
  if (!existsSync(program)) {
    console.error('Dependencies are missing. Run: npm ci');
    process.exit(1);
  }
  const { status } = spawnSync(program, args, { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
