/** A dialled address: what rings, and the headers that go along with it. */
export interface Address {
  /** `+33…`, `sip:user@host` or `client:name`. */
  phone: string;
  headers: Readonly<Record<string, string>>;
}

const E164 = /^\+[1-9]\d{5,14}$/;
const SIP = /^sips?:[^\s@?;]+@[^\s@?;]+$/i;
const CLIENT = /^client:[\w.+-]{1,121}$/;

/** Reads `To`: of a `sip:` address the parameters (`;…`) are dropped and the headers (`?X-…=…`) taken out. Null: not an address. */
export function parseAddress(to: string): Address | null {
  if (E164.test(to) || CLIENT.test(to)) return { phone: to, headers: {} };
  const [address = '', query = ''] = to.split('?', 2);
  const phone = address.replace(/;.*$/, '').toLowerCase();
  return SIP.test(phone) ? { phone, headers: Object.fromEntries(new URLSearchParams(query)) } : null;
}

export function isE164(address: string): boolean {
  return E164.test(address);
}
