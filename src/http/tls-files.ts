import { readFile } from 'node:fs/promises';
import { unwatchFile, watchFile } from 'node:fs';
import { createSecureContext, type Server } from 'node:tls';
import { AppError, codeOf } from '../errors.js';
import type { Logger } from '../log.js';

export interface TlsFiles {
  certFile: string;
  keyFile: string;
}

/** Certificate chain and key as PEM. Throws AppError `config_invalid` when they can't be read or don't fit together. */
export async function readTlsFiles({ certFile, keyFile }: TlsFiles): Promise<{ cert: Buffer; key: Buffer }> {
  try {
    const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)]);
    createSecureContext({ cert, key });
    return { cert, key };
  } catch (error) {
    throw new AppError(
      'config_invalid',
      `TLS_CERT_FILE and TLS_KEY_FILE: not readable, not PEM, or not a pair (${codeOf(error)})`,
    );
  }
}

/**
 * Serves new files as soon as they are a pair; connections that are open keep theirs. Polled, because certificate
 * tools swap links that file events don't follow. Returns what stops it.
 */
export function watchTlsFiles(server: Server, files: TlsFiles, everyMs: number, log: Logger): () => void {
  const reload = async () => {
    try {
      server.setSecureContext({ ...(await readTlsFiles(files)), ...TLS_POLICY });
      log.info({ file: files.certFile }, 'certificate reread');
    } catch {
      // Half of the pair is new: the change of the other half comes here again.
      log.warn({ file: files.certFile }, 'certificate and key do not fit: the old ones stay');
    }
  };
  const changed = () => void reload();
  for (const file of [files.certFile, files.keyFile]) {
    watchFile(file, { interval: everyMs, persistent: false }, changed);
  }
  return () => {
    for (const file of [files.certFile, files.keyFile]) unwatchFile(file, changed);
  };
}

/**
 * SSL_OP_CLEANSE_PLAINTEXT of OpenSSL 3, which Node has no name for: what was deciphered is zeroed once it is passed
 * on. Without it messages stay in OpenSSL's buffers, also in those that it has given back.
 */
const CLEANSE_PLAINTEXT = 0x2;

/** PCI DSS 4.2.1: TLS 1.3, or 1.2 with forward secrecy and AEAD. */
export const TLS_POLICY = {
  minVersion: 'TLSv1.2',
  ciphers:
    'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:' +
    'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:' +
    'ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305',
  honorCipherOrder: true,
  secureOptions: CLEANSE_PLAINTEXT,
} as const;
