import { isAddress } from '../message/address.js';
import type { Flow } from '../capture/flow.js';
import type { ReceiptAddresses, Receipts } from '../receipts/receipts.js';
import type { SlotWrite } from '../redis/keys.js';
import type { ArmRequest } from './calls.js';

/** As much of a call as its receipts are about. */
interface ReceiptCall {
  flow: Pick<Flow, 'merchant' | 'language' | 'receipt'>;
  caller: { readonly address: string };
}

/**
 * What is written with a capture so that its payer gets receipts: where the request says, or to the caller's own number
 * where the flow does. Throws AppError `bad_request` for what was asked for and can't be sent.
 */
export function receiptWrites(
  receipts: Receipts,
  call: ReceiptCall,
  request: Pick<ArmRequest, 'receipt' | 'purpose'>,
  id: string,
): SlotWrite[] {
  const { merchant, language } = call.flow;
  const addresses = request.receipt ?? ofFlow(receipts, call);
  if (addresses === null) return [];
  receipts.insist(merchant, addresses);
  const registers = request.purpose === 'saved' || request.purpose === 'subscription';
  return [receipts.planned(merchant, id, { ...addresses, language, registers, lastFour: null })];
}

function ofFlow(receipts: Receipts, { flow, caller }: ReceiptCall): ReceiptAddresses | null {
  const reached = isAddress('sms', caller.address) && receipts.can(flow.merchant, 'sms');
  return flow.receipt === 'sms' && reached ? { sms: caller.address, email: null } : null;
}
