export interface PayerChoice {
  card?: string;
  network?: string;
  /** What the payer tells his bank. */
  agreed: boolean;
}

/** A payer on a hosted page of the simulated provider, without a browser. Resolves with where he is sent in the end. */
export async function payOnPage(
  url: string,
  { card = '4242424242424242', network = '', agreed }: PayerChoice,
): Promise<string | null> {
  const typed = { card_number: card, expiry: '12/34', card_code: '123', network };
  await post(url, typed);
  return post(`${url}/bank`, { answer: agreed ? 'approve' : 'refuse' });
}

async function post(url: string, fields: Record<string, string>): Promise<string | null> {
  const answer = await fetch(url, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });
  await answer.text();
  return answer.headers.get('location');
}
