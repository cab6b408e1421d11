export interface PayerChoice {
  card?: string;
  /** `MM/YY`. */
  expiry?: string;
  network?: string;
  /** What the payer tells his bank. */
  agreed: boolean;
}

/** Between two looks at whether the acquirer has answered, in ms. */
const LOOK_MS = 10;

/**
 * A payer on a hosted page of the simulated provider, without a browser. Resolves with where he is sent in the end, when
 * the acquirer has answered.
 */
export async function payOnPage(url: string, choice: PayerChoice): Promise<string | null> {
  await typeCard(url, choice);
  let next = await answerBank(url, choice.agreed);
  while (next.includes('/outcome')) {
    const answer = await fetch(next, { redirect: 'manual' });
    await answer.text();
    if (answer.status === 303) next = locationOf(answer, url);
    else await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return next;
}

/** Types a card whose security code is 123. */
export async function typeCard(
  url: string,
  { card = '4242424242424242', expiry = '12/34', network = '' }: Partial<PayerChoice> = {},
): Promise<void> {
  await post(url, { card_number: card, expiry, card_code: '123', network });
}

/** Says to the bank whether it is him. Resolves with where he is sent. */
export function answerBank(url: string, agreed: boolean): Promise<string> {
  return post(`${url}/bank`, { answer: agreed ? 'approve' : 'refuse' });
}

async function post(url: string, fields: Record<string, string>): Promise<string> {
  const answer = await fetch(url, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });
  await answer.text();
  return locationOf(answer, url);
}

function locationOf({ headers }: Response, url: string): string {
  return new URL(headers.get('location') ?? '', url).href;
}
