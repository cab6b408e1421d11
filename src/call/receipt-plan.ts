import { isAddress } from '../message/address.js';
import type { ReceiptAddresses, Receipts } from '../receipts/receipts.js';
import type { SlotWrite } from '../redis/keys.js';
import type { Call } from './call.js';
import type { ArmRequest } from './calls.js';

/**
 * What is written with a capture so that its payer gets receipts: where the request says, or to the caller's own number
 * where the flow does. Throws AppError `bad_request` for what was asked for and can't be sent.
 */
export function receiptWrites(receipts: Receipts, call: Call, request: ArmRequest, id: string): SlotWrite[] {
  const { merchant, language } = call.flow;
  const addresses = request.receipt ?? ofFlow(receipts, call);
  if (addresses === null) return [];
  receipts.insist(merchant, addresses);
  const registers = request.purpose === 'saved' || request.purpose === 'subscription';
  return [receipts.planned(merchant, id, { ...addresses, language, registers, lastFour: null })];
}

function ofFlow(receipts: Receipts, { flow, caller }: Call): ReceiptAddresses | null {
  const reached = isAddress('sms', caller.address) && receipts.can(flow.merchant, 'sms');
  return flow.receipt === 'sms' && reached ? { sms: caller.address, email: null } : null;
}
