/** The container's health check: exit code 0 when `/healthz` of this very service answers 200. */
import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';

const get = process.env.TLS_CERT_FILE ? getHttps : getHttp;
const request = get(
  {
    host: '127.0.0.1',
    port: process.env.PORT || 8080,
    path: '/healthz',
    timeout: 2_000,
    // The certificate names the public host, and this never leaves the container.
    rejectUnauthorized: false,
  },
  (response) => process.exit(response.statusCode === 200 ? 0 : 1),
);
request.on('timeout', () => request.destroy());
request.on('error', () => process.exit(1));
