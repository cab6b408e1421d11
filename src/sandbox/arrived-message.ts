/** A short message on the caller's telephone, as its page is told. */
export interface ArrivedMessage {
  id: string;
  from: string;
  text: string;
  /** RFC 3339. */
  arrived_at: string;
}
