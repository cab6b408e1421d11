import type { MessageChannel } from './messages.js';

/** RFC 5321 4.5.3.1: what every mail server must take. */
const MAX_MAIL_ADDRESS = 254;
const MAX_LOCAL_PART = 64;

const E164 = /^\+[1-9]\d{5,14}$/;
/** Letters, digits and what RFC 5322 lets stand unquoted; no quoted names, no literal addresses, no other scripts. */
const LOCAL_PART = /^[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*$/;
const LABEL = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/** Whether `to` can be an address of the channel: its form, not that anybody is there. */
export function isAddress(channel: MessageChannel, to: string): boolean {
  return channel === 'sms' ? E164.test(to) : isMailAddress(to);
}

/** For people who look after the service: enough to tell two payers apart, too little to write to them. */
export function masked(channel: MessageChannel, to: string): string {
  if (channel === 'sms') return to.slice(0, 4) + '*'.repeat(Math.max(to.length - 6, 0)) + to.slice(-2);
  return `${to.slice(0, 1)}***${to.slice(to.lastIndexOf('@'))}`;
}

function isMailAddress(to: string): boolean {
  if (to.length > MAX_MAIL_ADDRESS) return false;
  const at = to.lastIndexOf('@');
  const [local, labels] = [to.slice(0, at), to.slice(at + 1).split('.')];
  if (at < 1 || local.length > MAX_LOCAL_PART || !LOCAL_PART.test(local)) return false;
  return labels.length > 1 && labels.every((label) => LABEL.test(label));
}
