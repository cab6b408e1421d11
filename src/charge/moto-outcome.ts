import type { MotoSums } from '../fraud/moto-sums.js';
import type { Answer } from './charge-steps.js';
import type { ChargeRecord, RefundRecord } from './charge.js';

/**
 * What an outcome says to the running sums of a card: what it paid by telephone, or that its bank refuses that. It can be
 * told twice, so it is told before the outcome is written.
 */
export async function tellOutcome(sums: MotoSums, record: ChargeRecord, answer: Answer): Promise<void> {
  const { sum, entry, view } = record;
  if (sum === undefined || entry !== 'moto') return;
  const { id, amount, currency } = view;
  if (answer.status === 'approved')
    await sums.moved(sum, { id, at: madeAt(record), money: { amount, currency } });
  if (answer.status === 'declined' && answer.code === 'authentication_required') await sums.refused(sum);
}

export async function tellRefund(sums: MotoSums, record: ChargeRecord, refund: RefundRecord): Promise<void> {
  const { sum, entry, view } = record;
  if (sum === undefined || entry !== 'moto') return;
  const money = { amount: -refund.amount, currency: view.currency };
  await sums.moved(sum, { id: refund.id, at: madeAt(record), money });
}

function madeAt({ view }: ChargeRecord): number {
  return Date.parse(view.created_at);
}
