import type { Audit } from '../audit/audit.js';
import { outcomeFault } from '../capture/fields.js';
import { begin, step } from '../capture/machine.js';
import { progress, type CaptureSetup, type CaptureState } from '../capture/state.js';
import { OUTCOMES, type CaptureView, type FieldName } from '../capture/view.js';
import { latestMonth } from '../card/expiry.js';
import type { TakeRequest, Till } from '../charge/till.js';
import { timestamp } from '../clock.js';
import { AppError } from '../errors.js';
import type { Caller } from '../fraud/limit.js';
import type { Limits } from '../fraud/limits.js';
import type { MotoSums } from '../fraud/moto-sums.js';
import { bucketOf, newId } from '../id.js';
import type { Receipts } from '../receipts/receipts.js';
import type { Call } from './call.js';
import type { ArmRequest } from './calls.js';
import { CaptureWriter, type CaptureWriterOptions } from './capture-writer.js';
import { DoubtWatch } from './doubt-watch.js';
import { FlowLink, type FlowLinkOptions } from './flow-link.js';
import { choicePrompt, outcomePrompt } from './outcome-prompt.js';
import { receiptWrites } from './receipt-plan.js';
import { CaptureSession, type CaptureFacts, type SessionPort } from './session.js';

export interface ArmingOptions extends CaptureWriterOptions, FlowLinkOptions {
  till: Till;
  limits: Pick<Limits, 'arming'>;
  sums: Pick<MotoSums, 'nameOf' | 'advice'>;
  audit: Audit;
  receipts: Receipts;
  testCards: 'allow' | 'refuse';
}

/** Begins captures on calls: what is checked and written down before, and what a card that is keyed goes to. */
export class Arming {
  readonly #options: ArmingOptions;
  readonly #writer: CaptureWriter;
  readonly #doubts: DoubtWatch;
  /** Calls for which a capture is being written down: a second one must not slip in between. */
  readonly #begun = new Set<Call>();

  constructor(options: ArmingOptions) {
    this.#options = options;
    this.#writer = new CaptureWriter(options);
    this.#doubts = new DoubtWatch(options);
  }

  /** Throws AppError `no_provider` or `bad_request` for what the till can't do, before anybody keys a card for it. */
  insistOnMeans({ outcome, amount, currency }: ArmRequest): void {
    const { till } = this.#options;
    if (!till.can(outcome)) {
      throw new AppError(
        'no_provider',
        `no payment provider that can do this is set up: ask for ${OUTCOMES.filter((other) => till.can(other)).join(' or ')}`,
      );
    }
    if (outcome !== 'charge' || amount === null || currency === null) return;
    const fault = till.amountFault({ amount, currency });
    if (fault !== null) {
      throw new AppError('bad_request', fault, { errors: [{ path: 'amount', message: fault }] });
    }
  }

  /** Rejects as `Calls.arm` does. */
  async arm(call: Call, request: ArmRequest): Promise<CaptureView> {
    const { limits, audit } = this.#options;
    const { merchant } = call.flow;
    const fields = request.fields ?? call.flow.capture.fields[request.outcome];
    const fault = outcomeFault(request.outcome, fields);
    if (fault !== null)
      throw new AppError('bad_request', fault, { errors: [{ path: 'fields', message: fault }] });
    if (this.#begun.has(call) || (call.session !== null && !call.session.over)) {
      throw new AppError('capture_in_progress', 'this call has a capture in progress: cancel it first');
    }
    this.#begun.add(call);
    try {
      await limits.arming({ merchant, caller: callerOf(call), range: null, client: null });
      return await audit.operation(
        'capture.arm',
        `${merchant}/${call.id}`,
        () => this.#begin(call, request, fields),
        ({ id }) => ({ resource: `${merchant}/${id}` }),
      );
    } finally {
      this.#begun.delete(call);
    }
  }

  /** The record and its event come first: a capture that nobody would hear of is not begun. */
  async #begin(call: Call, request: ArmRequest, fields: readonly FieldName[]): Promise<CaptureView> {
    const { clock, testCards, till, receipts, records } = this.#options;
    const { outcome, reference, amount, currency, agent, purpose, usage, metadata } = request;
    const created_at = timestamp(clock.now());
    const facts: CaptureFacts = {
      ...{ id: newId('cap_'), call_id: call.id, call_sid: call.caller.callSid ?? '' },
      ...{ outcome, reference, amount, currency, agent, purpose, usage, metadata, created_at },
    };
    const consented = records.consentWrites(call.flow.merchant, facts.id, request.consent);
    const beside = [...receiptWrites(receipts, call, request, facts.id), ...consented];
    const askNetwork = call.flow.capture.ask_network === 'co_badged' && till.canChooseNetwork();
    const month = latestMonth(clock.now());
    const setup: CaptureSetup = { flow: call.flow, fields, testCards, askNetwork, month };
    const at = clock.monotonic();
    const armed = begin(setup, at);
    const viewOf = (state: CaptureState): CaptureView => ({
      ...{ ...facts, ...progress(state), token: null, fingerprint: null, card: null },
      ...{ charge: null, decline: null, link: null, advice: null, updated_at: created_at },
    });
    try {
      await this.#writer.started(call, viewOf(armed), beside);
    } catch (error) {
      // Only the answer may have been lost: what is perhaps said to be collecting is said to be over.
      const [failed] = step(armed, { type: 'fail', at, reason: 'vault_unavailable' });
      void this.#writer.ended(call, viewOf(failed));
      throw error;
    }
    const session = new CaptureSession(facts, setup, clock, call.cell, this.#port(call, facts, request));
    call.collect(session);
    // Whoever hung up in the meantime was not yet heard by the capture.
    if (call.endReason !== null) session.fail(call.endReason);
    return session.view();
  }

  #port(call: Call, { id }: CaptureFacts, request: ArmRequest): SessionPort {
    const { till, sums, audit, log } = this.#options;
    const { merchant, language } = call.flow;
    const { outcome, amount, currency, reference, purpose, usage, consent, metadata } = request;
    const money = outcome === 'charge' && amount !== null && currency !== null ? { amount, currency } : null;
    // Keys arrive on the line of the call: what they bring about is done for whoever armed the capture.
    const { actor } = audit.visitor;
    const link = new FlowLink(this.#options, { call, captureId: id, actor });
    let ended = Promise.resolve();
    return {
      changed: () => call.changed(),
      fault: (code) => log.error({ call: call.id, code }, 'the till could not take a card'),
      take: (keyed, completed) => {
        call.teller.wait();
        const conclude: TakeRequest['conclude'] = (token, charge) =>
          this.#writer.conclusion(call, completed(token, charge), token.expires_at);
        const take: TakeRequest = {
          ...{ merchant, bucket: bucketOf(id) ?? 0, captureId: id, caller: callerOf(call) },
          ...{ ...keyed, conclude, language },
          ...{ outcome, money, reference },
          ...{ channel: 'moto_attended', purpose, usage, consent, metadata },
        };
        return audit.as({ actor, origin: id }, () => till.take(take));
      },
      foresee: async (number) => {
        if (money === null) return null;
        const card = number && (await sums.nameOf(merchant, number));
        return sums.advice(card, money, language);
      },
      foreseen: () => link.foreseen(),
      choosing: (networks) => call.teller.tell(choicePrompt(networks)),
      answered: (view) => {
        if (!link.answered(view, ended)) call.teller.tell(outcomePrompt(view));
      },
      over: (view) => {
        call.collected(view);
        log.info(
          { call: call.id, capture: view.id, status: view.status, reason: view.reason },
          'capture over',
        );
        ended = this.#writer.ended(call, view);
        if (view.reason === 'charge_unknown') this.#doubts.follow(call, id);
      },
    };
  }
}

function callerOf({ caller, called }: Call): Caller {
  return { number: caller.address, called };
}
