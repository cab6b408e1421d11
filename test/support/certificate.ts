import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate for this machine that signs itself. */
export function makeCertificate(dir: string): { certFile: string; keyFile: string; ca: string } {
  const certFile = join(dir, 'tls.pem');
  const keyFile = join(dir, 'tls.key');
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile];
  execFileSync('openssl', ['req', '-x509', ...key, ...name, '-days', '2', '-out', certFile], {
    stdio: 'pipe',
  });
  return { certFile, keyFile, ca: readFileSync(certFile, 'utf8') };
}
