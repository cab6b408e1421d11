import { Webhook } from 'standardwebhooks';

export const WEBHOOK_SECRET = `whsec_${Buffer.alloc(24, 5).toString('base64')}`;

/** A webhook that is truly signed, and tells of something that is no payment. */
export function strangeNotice(): { body: string; headers: Record<string, string> } {
  const now = new Date();
  const body = JSON.stringify({ type: 'account.updated', data: { account: 'acc_1' } });
  return {
    body,
    headers: {
      'webhook-id': 'msg_strange',
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': new Webhook(WEBHOOK_SECRET).sign('msg_strange', now, body),
    },
  };
}
