import type { ChargeView } from '../../capture/view.js';
import type { ReceivedEvent } from '../received-event.js';

/** A card as the CRM knows it, with what was taken from it: everything from events. */
export interface HeldCard {
  /** The token, or the charge where there is none. */
  id: string;
  /** Null where the provider does not show a card that was typed on its page. */
  token: string | null;
  /** Null when it was not told, or the event that told of it has been forgotten. */
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
  const hold = (id: string, known: Partial<HeldCard>): void => {
    const before = cards.get(id) ?? { id, token: null, card: null, reference: null, charges: [] };
    cards.set(id, { ...before, ...known });
  };
  const hear = (charge: ChargeView, sequence: number): void => {
    const { id, token, status, reference } = charge;
    // A card that was refused while it was keyed has been destroyed: nothing can be done with it.
    if (token === null && status !== 'approved') return;
    hold(token ?? id, token === null ? { reference } : { token });
    const before = charges.get(id);
    if (before === undefined || sequence > before.sequence) charges.set(id, { charge, sequence });
  };
  for (const { verdict, type, sequence, body } of events) {
    if (verdict !== 'verified') continue;
    const { data } = body as { data: MoneyData };
    if (/^(charge|refund)\./.test(type)) hear(data as ChargeView, sequence ?? 0);
    if (type !== 'capture.completed') continue;
    const { token = null, card = null, reference = null, charge = null } = data;
    const id = token ?? charge?.id;
    if (id !== undefined) hold(id, { token, card, reference });
    if (charge !== null) hear(charge, 0);
  }
  for (const { charge } of charges.values()) {
    const card = cards.get(charge.token ?? charge.id);
    if (card !== undefined) cards.set(card.id, { ...card, charges: [...card.charges, charge] });
  }
  return [...cards.values()].reverse();
}
