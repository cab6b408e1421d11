import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../errors.js';
import { EMPTY, type Head } from './chain-checker.js';
import { ChainKey, signerPassphrase, type AuditKeys } from './chain-key.js';
import { ChainSigner } from './chain-signer.js';
import { SET_ASIDE, type Recovered } from './recover-chain.js';
import { HEAD_FILE, segmentName } from './segment.js';
import { SegmentFile } from './segment-file.js';

/** A chain as it is opened for writing. */
export interface OpenChain {
  /** Its first public key. */
  name: string;
  head: Head;
  key: ChainKey;
  signer: ChainSigner;
  segment: SegmentFile;
  headFile: FileHandle;
}

/** Opens what is written to: of the chain that was found, or of a new one. Rejects with AppError `config_invalid`. */
export async function openChain(dir: string, keys: AuditKeys, found: Recovered | null): Promise<OpenChain> {
  const passphrase = await signerPassphrase(keys);
  const signer =
    found === null
      ? await ChainSigner.create(dir, passphrase)
      : await ChainSigner.open(dir, passphrase, found.signer);
  if (signer === null) {
    throw new AppError('config_invalid', `${dir}/signer lacks the key of the audit trail: ${SET_ASIDE}`);
  }
  const name = found?.chain ?? signer.name;
  const path = found?.path ?? join(dir, segmentName(1));
  const head = join(dir, HEAD_FILE);
  await (await open(head, 'a', 0o600)).close();
  return {
    ...{ name, head: found?.head ?? EMPTY, key: await ChainKey.derive(keys, name), signer },
    ...{ segment: await SegmentFile.open(path, found?.size ?? 0), headFile: await open(head, 'r+') },
  };
}
