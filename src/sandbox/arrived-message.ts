/** A text message or a mail that the caller has got, as the page of his telephone is told. */
export interface ArrivedMessage {
  id: string;
  channel: 'sms' | 'email';
  from: string;
  to: string;
  /** Of a mail; null of a text message. */
  subject: string | null;
  text: string;
  /** Where a mail that has HTML is shown as such, beside the page; null without. */
  html_url: string | null;
  /** RFC 3339. */
  arrived_at: string;
}
