/** What the sandbox's pages are told when they load: `GET /sandbox.json`. */
export interface SandboxStart {
  /** The number that the service answers, E.164. */
  number: string;
  /** The telephone of the phone page. */
  caller: string;
  agent_page_url: string;
  docs_url: string;
  /** Where a payer types the code of a payment link. */
  code_page_url: string;
  /** Charges go to the sandbox's own payment provider: cards and amounts decide what it answers. */
  simulates_payments: boolean;
}
