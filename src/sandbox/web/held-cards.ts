import type { ChargeView } from '../../capture/view.js';
import type { ReceivedEvent } from '../received-event.js';

/** A token as the CRM knows it, with what was taken with it: everything from events. */
export interface HeldCard {
  token: string;
  /** Null when the event that told of the card has been forgotten. */
  card: { brand: string; last4: string } | null;
  reference: string | null;
  /** In the order in which the CRM heard of them. */
  charges: readonly ChargeView[];
}

/** Members of events that tell of cards and money. */
interface MoneyData extends Partial<ChargeView> {
  card?: HeldCard['card'];
  charge?: ChargeView | null;
}

/**
 * The cards that events tell of, the newest first. Only what is signed counts; of a charge the event with the highest
 * `sequence`, in whatever order they came.
 */
export function heldCards(events: Iterable<ReceivedEvent>): HeldCard[] {
  const cards = new Map<string, HeldCard>();
  const charges = new Map<string, { charge: ChargeView; sequence: number }>();
  const hold = (token: string, known: Partial<HeldCard> = {}): void => {
    const before = cards.get(token) ?? { token, card: null, reference: null, charges: [] };
    cards.set(token, { ...before, ...known });
  };
  const hear = (charge: ChargeView, sequence: number): void => {
    if (charge.token === null) return;
    hold(charge.token);
    const before = charges.get(charge.id);
    if (before === undefined || sequence > before.sequence) charges.set(charge.id, { charge, sequence });
  };
  for (const { verdict, type, sequence, body } of events) {
    if (verdict !== 'verified') continue;
    const { data } = body as { data: MoneyData };
    if (/^(charge|refund)\./.test(type)) hear(data as ChargeView, sequence ?? 0);
    if (type !== 'capture.completed' || !data.token) continue;
    hold(data.token, { card: data.card ?? null, reference: data.reference ?? null });
    if (data.charge) hear(data.charge, 0);
  }
  for (const { charge } of charges.values()) {
    const card = cards.get(charge.token ?? '');
    if (card !== undefined) cards.set(card.token, { ...card, charges: [...card.charges, charge] });
  }
  return [...cards.values()].reverse();
}
