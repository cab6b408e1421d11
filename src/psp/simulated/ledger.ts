/** `reserve` and `release` hold money back and let it go; `take` and `refund` move it. */
export type MovementKind = 'reserve' | 'release' | 'take' | 'refund';

/** One movement of money, under the customer's reference of the payment. */
export interface Movement {
  kind: MovementKind;
  reference: string;
  /** Minor units, always positive. */
  amount: number;
  currency: string;
}

/** Every movement of money there has been, in order. Nothing is ever taken out. */
export class Ledger {
  readonly #movements: Movement[] = [];

  get movements(): readonly Movement[] {
    return this.#movements;
  }

  enter(movement: Movement): void {
    this.#movements.push(movement);
  }

  /** How often, and how much in all, money was moved so for this reference. */
  of(reference: string, kind: MovementKind): { times: number; amount: number } {
    const entries = this.#movements.filter((entry) => entry.reference === reference && entry.kind === kind);
    return { times: entries.length, amount: entries.reduce((sum, { amount }) => sum + amount, 0) };
  }
}
