import { validateRequest } from 'twilio/lib/webhooks/webhooks.js';

/** Form parameters of a webhook, all of them, as they came. */
export type Parameters = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Whether `X-Twilio-Signature` is the carrier's for this URL and these parameters under one of the auth tokens (two
 * while they rotate). `url` is built from configuration and the request's own path and query, never from its `Host`.
 */
export function isSigned(
  authTokens: readonly string[],
  signature: string | readonly string[] | undefined,
  url: string,
  parameters: Parameters,
): boolean {
  if (typeof signature !== 'string' || !URL.canParse(url)) return false;
  return authTokens.some((token) => validateRequest(token, signature, url, parameters));
}
