import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for `startService` with the flows that ship, and these beside them. */
export interface FlowFolder {
  readonly root: string;
  remove(): Promise<void>;
}

/** `flows`: the text of each file, by the name of its flow, which the text leaves out. */
export async function withFlows(flows: Readonly<Record<string, string>>): Promise<FlowFolder> {
  const root = await mkdtemp(join(tmpdir(), 'tonewall-flows-'));
  await cp('ivr-flows', join(root, 'ivr-flows'), { recursive: true });
  for (const [name, text] of Object.entries(flows)) {
    await writeFile(join(root, `ivr-flows/${name}.yaml`), `name: ${name}\n${text}`);
  }
  return { root, remove: () => rm(root, { recursive: true, force: true }) };
}
