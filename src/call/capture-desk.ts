import { isDeepStrictEqual } from 'node:util';
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
import type { Redis } from '../redis/redis.js';
import type { Call } from './call.js';
import type { ArmRequest, Calls, CallView, CaptureQuery, DeskView } from './calls.js';
import type { CaptureLinks } from './capture-links.js';
import { CaptureWriter, type CaptureWriterOptions } from './capture-writer.js';
import { DoubtWatch, isSettled } from './doubt-watch.js';
import type { CaptureRecord } from './events.js';
import { choicePrompt, outcomePrompt } from './outcome-prompt.js';
import { receiptWrites } from './receipt-plan.js';
import type { Registry } from './registry.js';
import { CaptureSession, type CaptureFacts, type SessionPort } from './session.js';

/** How many calls that are over are listed after the live ones. */
const RECENT_CALLS = 50;
/** Redis may be away for so long before captures fail: a blink of the connection must cost nobody a call. */
const REDIS_PATIENCE_MS = 2_000;

export interface CaptureDeskOptions extends CaptureWriterOptions {
  registry: Registry;
  till: Till;
  links: Pick<CaptureLinks, 'cancel' | 'watch'>;
  limits: Pick<Limits, 'arming'>;
  sums: Pick<MotoSums, 'nameOf' | 'advice'>;
  audit: Audit;
  receipts: Receipts;
  redis: Redis;
  testCards: 'allow' | 'refuse';
}

/** Arms captures, steers them, and answers who asks about calls and captures. */
export class CaptureDesk implements Calls {
  readonly #options: CaptureDeskOptions;
  readonly #writer: CaptureWriter;
  readonly #doubts: DoubtWatch;
  /** Calls for which a capture is being written down: a second one must not slip in between. */
  readonly #arming = new Set<Call>();
  #stopPatience: (() => void) | null = null;

  constructor(options: CaptureDeskOptions) {
    this.#options = options;
    this.#writer = new CaptureWriter(options);
    this.#doubts = new DoubtWatch(options);
    options.redis.watch((ready) => this.#redisTurned(ready));
  }

  async list(merchant: string): Promise<CallView[]> {
    const { registry, records } = this.#options;
    const live = registry.live().filter((call) => call.flow.merchant === merchant);
    const ids = new Set(live.map((call) => call.id));
    const recent = await records.recentCalls(merchant, RECENT_CALLS);
    const over = recent.map((record) => record.view).filter((view) => !ids.has(view.id));
    return [...live.map((call) => call.desk.call), ...over];
  }

  async call(merchant: string, idOrSid: string): Promise<CallView> {
    const call = this.#options.registry.findOf(merchant, idOrSid);
    if (call !== undefined) return call.desk.call;
    const record = await this.#options.records.call(merchant, idOrSid);
    if (record === null) throw new AppError('not_found', 'there is no such call');
    return record.view;
  }

  async arm(merchant: string, request: ArmRequest): Promise<CaptureView> {
    this.#insistOnMeans(request);
    const call = await this.#liveCall(merchant, request.call);
    const fields = request.fields ?? call.flow.capture.fields[request.outcome];
    const fault = outcomeFault(request.outcome, fields);
    if (fault !== null)
      throw new AppError('bad_request', fault, { errors: [{ path: 'fields', message: fault }] });
    if (this.#arming.has(call) || (call.session !== null && !call.session.over)) {
      throw new AppError('capture_in_progress', 'this call has a capture in progress: cancel it first');
    }
    this.#arming.add(call);
    try {
      await this.#options.limits.arming({ merchant, caller: callerOf(call), range: null, client: null });
      return await this.#options.audit.operation(
        'capture.arm',
        `${merchant}/${call.id}`,
        () => this.#begin(call, request, fields),
        ({ id }) => ({ resource: `${merchant}/${id}` }),
      );
    } finally {
      this.#arming.delete(call);
    }
  }

  async captures(
    merchant: string,
    query: CaptureQuery,
  ): Promise<{ captures: CaptureView[]; cursor: string | null }> {
    const { captures, cursor } = await this.#options.records.captures(merchant, query);
    const latest = ({ view }: CaptureRecord): CaptureView =>
      isSettled(view) ? view : (this.#shown(merchant, view.id) ?? view);
    return { captures: captures.map(latest), cursor };
  }

  async capture(merchant: string, id: string): Promise<CaptureView> {
    const shown = this.#shown(merchant, id);
    if (shown !== null && shown.reason !== 'charge_unknown' && shown.link === null) return shown;
    const record = await this.#options.records.capture(merchant, id);
    if (record !== null && (shown === null || isSettled(record.view) || record.link !== undefined)) {
      return record.view;
    }
    if (shown === null) throw new AppError('not_found', 'there is no such capture');
    return shown;
  }

  async cancel(merchant: string, id: string): Promise<CaptureView> {
    const capture = await this.capture(merchant, id);
    if (capture.status === 'cancelled') return capture;
    const cancelled =
      capture.status === 'processing' && capture.link !== null
        ? await this.#cancelLink(merchant, id)
        : await this.#steer(merchant, id, (session) => session.cancel());
    // Whatever becomes of the entry: nobody is to be kept from wiping what was keyed.
    this.#options.audit.fact('capture.cancel', `${merchant}/${id}`);
    return cancelled;
  }

  async extend(merchant: string, id: string): Promise<CaptureView> {
    return this.#steer(merchant, id, (session) => session.extend());
  }

  async clearField(merchant: string, id: string, field: FieldName): Promise<CaptureView> {
    return this.#steer(merchant, id, (session) => {
      if (!session.view().fields.some(({ name }) => name === field)) {
        throw new AppError('not_found', 'this capture has no such field');
      }
      session.clear(field);
    });
  }

  watchCapture(merchant: string, id: string, listener: (capture: CaptureView) => void): () => void {
    let last = this.#shown(merchant, id);
    let stop: (() => void) | null = null;
    // A link may be paid when the call is over, or on another node.
    const follow = (): void => {
      stop ??= this.#options.links.watch.follow(merchant, id, ({ view, link }) => {
        if (link !== undefined) told(view);
      });
    };
    // Every picture of the call comes by; only a change of this capture is news.
    const told = (capture: CaptureView): void => {
      if (isDeepStrictEqual(capture, last)) return;
      last = capture;
      listener(capture);
      if (capture.link !== null) follow();
    };
    const onCall = this.#options.registry.watch(merchant, ({ capture }) => {
      if (capture?.id === id) told(capture);
    });
    if (last === null || last.link !== null) follow();
    return () => {
      onCall();
      stop?.();
    };
  }

  watchDesk(merchant: string, listener: (desk: DeskView) => void): () => void {
    const { registry } = this.#options;
    for (const call of registry.live()) if (call.flow.merchant === merchant) listener(call.desk);
    return registry.watch(merchant, listener);
  }

  /** What the till can't do is refused before anybody keys a card for it. */
  #insistOnMeans({ outcome, amount, currency }: ArmRequest): void {
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

  async #liveCall(merchant: string, idOrSid: string): Promise<Call> {
    const call = this.#options.registry.findOf(merchant, idOrSid);
    if (call?.status === 'live') return call;
    const { status } = await this.call(merchant, idOrSid);
    const why = status === 'ringing' ? 'nobody has answered it yet' : 'it is over';
    throw new AppError('call_not_live', `the call is not live: ${why}`);
  }

  /** The picture of a capture on a call that this process still holds. */
  #shown(merchant: string, id: string): CaptureView | null {
    return this.#options.registry.ofCapture(merchant, id)?.desk.capture ?? null;
  }

  /** Does something to a capture in progress, and answers with the new picture at once: no key press did it. */
  async #steer(merchant: string, id: string, steer: (session: CaptureSession) => void): Promise<CaptureView> {
    const call = this.#options.registry.ofCapture(merchant, id);
    const session = call?.session;
    if (call === undefined || !session?.collecting) {
      const capture = await this.capture(merchant, id);
      const what =
        capture.status === 'collecting' ? 'this capture belongs to another node' : 'this capture is over';
      throw new AppError('capture_over', what);
    }
    steer(session);
    call.publishNow();
    return session.view();
  }

  async #cancelLink(merchant: string, id: string): Promise<CaptureView> {
    const capture = await this.#options.links.cancel(merchant, id);
    if (capture.status !== 'completed') return capture;
    throw new AppError('capture_over', 'this capture is over: its payment link had been paid');
  }

  /** The record and its event come first: a capture that nobody would hear of is not begun. */
  async #begin(call: Call, request: ArmRequest, fields: readonly FieldName[]): Promise<CaptureView> {
    const { clock, testCards, till, receipts } = this.#options;
    const { outcome, reference, amount, currency, agent, purpose, usage, metadata } = request;
    const created_at = timestamp(clock.now());
    const facts: CaptureFacts = {
      ...{ id: newId('cap_'), call_id: call.id, call_sid: call.caller.callSid ?? '' },
      ...{ outcome, reference, amount, currency, agent, purpose, usage, metadata, created_at },
    };
    const planned = receiptWrites(receipts, call, request, facts.id);
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
      await this.#writer.started(call, viewOf(armed), planned);
    } catch (error) {
      // Only the answer may have been lost: what is perhaps said to be collecting is said to be over.
      const [failed] = step(armed, { type: 'fail', at, reason: 'vault_unavailable' });
      this.#writer.ended(call, viewOf(failed));
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
      choosing: (networks) => call.teller.tell(choicePrompt(networks)),
      answered: (view) => call.teller.tell(outcomePrompt(view)),
      over: (view) => {
        call.collected(view);
        log.info(
          { call: call.id, capture: view.id, status: view.status, reason: view.reason },
          'capture over',
        );
        this.#writer.ended(call, view);
        if (view.reason === 'charge_unknown') this.#doubts.follow(call, id);
      },
    };
  }

  #redisTurned(ready: boolean): void {
    this.#stopPatience?.();
    this.#stopPatience = null;
    if (ready) return;
    this.#stopPatience = this.#options.clock.after(REDIS_PATIENCE_MS, () => {
      for (const { session } of this.#options.registry.live()) {
        // Once the vault has the card its own answer counts: it may be durable already.
        if (session?.collecting) session.fail('vault_unavailable');
      }
    });
  }
}

function callerOf({ caller, called }: Call): Caller {
  return { number: caller.address, called };
}
