import { createHmac } from 'node:crypto';

/**
 * `X-Twilio-Signature`: HMAC-SHA1 over the URL as configured, then every form parameter in ASCII order of its name
 * as name and value; of a repeated one its different values, sorted.
 */
export function signatureOf(authToken: string, url: string, parameters: URLSearchParams): string {
  let data = url;
  for (const name of [...new Set(parameters.keys())].toSorted()) {
    for (const value of [...new Set(parameters.getAll(name))].toSorted()) data += name + value;
  }
  return createHmac('sha1', authToken).update(data, 'utf8').digest('base64');
}
