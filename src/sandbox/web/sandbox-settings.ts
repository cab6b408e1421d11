import type { SandboxStart } from '../sandbox-start.js';

/** Rejects when the sandbox does not answer. */
export async function sandboxStart(): Promise<SandboxStart> {
  return (await (await fetch('sandbox.json')).json()) as SandboxStart;
}
