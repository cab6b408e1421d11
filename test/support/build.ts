import { cp, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder with `dist/` and all that the built program looks for beside it. */
export interface Build {
  readonly root: string;
  remove(): Promise<void>;
}

/** A change to one file of `dist/`: `find` must stand there exactly once. */
export interface Sabotage {
  readonly file: string;
  readonly find: string;
  readonly put: string;
}

const ROOT = process.cwd();

/** The program as it was built. Throws when it is older than its sources: a proof about another program proves nothing. */
export async function theBuild(): Promise<Build> {
  if ((await newest(join(ROOT, 'dist'), '.js')) < (await newest(join(ROOT, 'src'), '.ts'))) {
    throw new Error('dist/ is missing, or older than src/: npm run build');
  }
  return { root: ROOT, remove: () => Promise.resolve() };
}

/** A copy of the build that is broken on purpose. Throws when a change does not apply. */
export async function brokenBuild(sabotages: readonly Sabotage[]): Promise<Build> {
  await theBuild();
  const root = await mkdtemp(join(tmpdir(), 'tonewall-broken-'));
  await cp(join(ROOT, 'dist'), join(root, 'dist'), { recursive: true });
  for (const name of ['node_modules', 'ivr-flows', 'package.json'])
    await symlink(join(ROOT, name), join(root, name));
  for (const { file, find, put } of sabotages) {
    const path = join(root, 'dist', file);
    const parts = (await readFile(path, 'utf8')).split(find);
    if (parts.length !== 2) throw new Error(`dist/${file} has this ${parts.length - 1} times: ${find}`);
    await writeFile(path, parts.join(put));
  }
  return { root, remove: () => rm(root, { recursive: true, force: true }) };
}

/** When the youngest file with this ending was changed, the pages left out; 0 where there is none. */
async function newest(folder: string, ending: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const times = names
    .filter((name) => name.endsWith(ending) && !/(^|\/)web\//.test(name))
    .map(async (name) => (await stat(join(folder, name))).mtimeMs);
  return Math.max(0, ...(await Promise.all(times)));
}
