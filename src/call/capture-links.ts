import type { Audit } from '../audit/audit.js';
import type { Language } from '../capture/flow.js';
import { LINK_CHANNELS, type CaptureView, type LinkChannel, type LinkView } from '../capture/view.js';
import type { DraftPage, PageCharges } from '../charge/page-charges.js';
import { timestamp, type Clock } from '../clock.js';
import { AppError } from '../errors.js';
import type { Caller } from '../fraud/limit.js';
import type { Limits } from '../fraud/limits.js';
import { bucketOf, newId } from '../id.js';
import { newLinkCode } from '../link/link-code.js';
import type { LinkCodes } from '../link/link-codes.js';
import { advanced, isOpen, LINK_MINUTES, MAX_SENDINGS, type LinkRecord } from '../link/link.js';
import { masked } from '../message/address.js';
import type { MessageView } from '../message/messages.js';
import type { Money } from '../psp/psp.js';
import type { Call } from './call.js';
import { withLink, type CaptureRecord } from './events.js';
import type { LinkRequest, Links, Opening } from './links.js';
import { LinkMessages, type LinkMessagesOptions } from './link-messages.js';
import { LinkWatch } from './link-watch.js';
import type { Records } from './records.js';
import type { Registry } from './registry.js';

export interface CaptureLinksOptions extends LinkMessagesOptions {
  registry: Registry;
  records: Records;
  pages: PageCharges;
  codes: LinkCodes;
  limits: Pick<Limits, 'linking'>;
  /** Where payers find this service. */
  publicUrl: string;
  /** Of a flow, by its name. */
  languageOf: (flow: string) => Language;
  audit: Pick<Audit, 'operation'>;
  clock: Clock;
}

/** Codes are drawn again when somebody has the same; a third time would be no chance. */
const MAX_DRAWS = 3;
/** A code is known a while longer than it can be used, so that whoever comes late is told so. */
const LATE_MS = 3_600_000;

/** The payment links of captures. A link is kept in its capture's record, and changes only from what was read. */
export class CaptureLinks implements Links {
  readonly watch: LinkWatch;
  readonly #options: CaptureLinksOptions;
  readonly #messages: LinkMessages;

  constructor(options: CaptureLinksOptions) {
    this.#options = options;
    this.watch = new LinkWatch(options);
    this.#messages = new LinkMessages(options);
  }

  channels(): LinkChannel[] {
    if (!this.#options.pages.can()) return [];
    return LINK_CHANNELS.filter((channel) => this.#messages.can(channel));
  }

  async send(merchant: string, id: string, request: LinkRequest): Promise<LinkView> {
    const { audit, pages } = this.#options;
    if (!pages.can()) throw new AppError('no_provider', 'no payment provider with payment pages is set up');
    return audit.operation('link.send', `${merchant}/${id}`, () => this.#send(merchant, id, request));
  }

  /** Nobody shall pay by it any more. Resolves with the capture: `completed` when it had been paid already. */
  async cancel(merchant: string, id: string): Promise<CaptureView> {
    const { records } = this.#options;
    const record = await records.changeCapture(merchant, id, (now) =>
      now.link === undefined || !isOpen(now.link)
        ? null
        : { record: { ...now, link: { ...now.link, unwanted: true } } },
    );
    if (record?.link === undefined) throw new AppError('not_found', 'there is no such capture');
    return (await this.#end(record, record.link)).view;
  }

  async open(typed: string, address: string): Promise<Opening> {
    const { codes, records, clock } = this.#options;
    const place = await codes.find(typed, address);
    if (place === null || place === 'too_many') return { status: place ?? 'unknown' };
    const { merchant, captureId } = place;
    const record = await records.changeCapture(merchant, captureId, (now) => {
      const opened = now.link && advanced(now.link, 'opened');
      return opened ? { record: withLink(now, opened) } : null;
    });
    const link = record?.link;
    if (link === undefined || !isOpen(link) || clock.now() >= link.expiresAt) return { status: 'over' };
    return { status: 'open', url: link.pageUrl };
  }

  /** For `Messages.watch`: what became of those that carry links. */
  delivered(message: MessageView): Promise<void> {
    return this.#messages.delivered(message);
  }

  async #send(merchant: string, id: string, request: LinkRequest): Promise<LinkView> {
    let record = await this.#record(merchant, id);
    const flow = await this.#flowOf(record);
    const to = this.#messages.addressOf(request, flow.caller.number);
    await this.#options.limits.linking({ merchant, caller: flow.caller, range: null, client: null });
    if (record.link !== undefined && isOpen(record.link) && this.#isPast(record.link)) {
      record = await this.#end(record, record.link);
    }
    const again = record.link !== undefined && isOpen(record.link);
    const sent = again
      ? await this.#again(record, request, to)
      : await this.#first(record, request, to, flow.language);
    await this.#messages.send(sent, to, flow.language);
    this.#shown(sent);
    return linkOf(sent);
  }

  /** A page, and the capture that waits for it instead of for keys. */
  async #first(
    record: CaptureRecord,
    request: LinkRequest,
    to: string | null,
    language: Language,
  ): Promise<CaptureRecord> {
    const { pages, records, registry, clock } = this.#options;
    const { merchant, view } = record;
    const money = insistOnPossible(record);
    const session = registry.ofCapture(merchant, view.id)?.session ?? null;
    if (view.status === 'collecting' && session === null) {
      throw new AppError('link_not_possible', 'the card is being keyed on another node');
    }
    const expiresAt = clock.now() + LINK_MINUTES * 60_000;
    const address = `${this.#options.publicUrl}/l`;
    const { purpose, usage, metadata } = view;
    const consent = await records.consent(merchant, view.id);
    const draft = await pages.draft({
      ...{ merchant, bucket: bucketOf(view.id) ?? 0, captureId: view.id, money, language },
      ...{ reference: view.reference, description: view.reference },
      token: { purpose, usage, consent, metadata },
      ...{ expiresAt: timestamp(expiresAt), returnUrl: `${address}/done` },
    });
    let handedOver = false;
    try {
      const code = await this.#newCode(merchant, view.id, expiresAt);
      const link = this.#made(draft, { code, address, expiresAt, before: record.link }, request, to);
      if (session?.collecting === true) handedOver = session.handOver();
      const fields = session?.view().fields;
      const kept = await records.changeCapture(merchant, view.id, (now) => {
        insistOnPossible(now);
        if (now.view.status === 'collecting' && !handedOver) throw beingCharged();
        const waiting = { status: 'processing', reason: null, current_field: null, decline: null } as const;
        const shown = { ...now.view, ...waiting, fields: fields ?? now.view.fields };
        const changed = { ...now, view: { ...shown, updated_at: timestamp(clock.now()) } };
        return { record: withLink(changed, link), writes: draft.writes };
      });
      if (kept === null) throw new AppError('not_found', 'there is no such capture');
      await pages.publish(draft);
      return kept;
    } catch (error) {
      await pages.discard(draft);
      if (handedOver) session?.fail('vault_unavailable');
      throw error;
    }
  }

  /** The same page by another message. */
  async #again(record: CaptureRecord, request: LinkRequest, to: string | null): Promise<CaptureRecord> {
    const { merchant, view } = record;
    const kept = await this.#options.records.changeCapture(merchant, view.id, (now) => {
      if (now.link === undefined || !isOpen(now.link)) throw beingCharged();
      return { record: withLink(now, { ...now.link, ...sending(now.link, request, to) }) };
    });
    if (kept === null) throw new AppError('not_found', 'there is no such capture');
    return kept;
  }

  #made(
    { charge, url }: DraftPage,
    about: Pick<LinkRecord, 'code' | 'address' | 'expiresAt'> & { before: LinkRecord | undefined },
    request: LinkRequest,
    to: string | null,
  ): LinkRecord {
    const { before, ...known } = about;
    return {
      ...{ id: newId('lnk_'), status: 'created', chargeId: charge.view.id, pageUrl: url, ...known },
      ...{ unwanted: false, createdAt: this.#options.clock.now(), ...sending(before, request, to) },
    };
  }

  async #newCode(merchant: string, captureId: string, expiresAt: number): Promise<string> {
    const { codes, clock } = this.#options;
    for (let draw = 0; draw < MAX_DRAWS; draw++) {
      const code = newLinkCode();
      if (await codes.keep(code, { merchant, captureId }, expiresAt - clock.now() + LATE_MS)) return code;
    }
    throw new AppError('redis_unavailable', 'no code is free for this link; try again');
  }

  /** Closes the page: what became of it is written with its charge. */
  async #end({ merchant, view }: CaptureRecord, { chargeId }: LinkRecord): Promise<CaptureRecord> {
    const { state } = await this.#options.pages.end(merchant, chargeId);
    if (state !== 'approved' && state !== 'declined') {
      throw new AppError(
        'psp_unavailable',
        'the payment page can not be closed yet: it may be paid; try again',
      );
    }
    const record = await this.#record(merchant, view.id);
    this.#shown(record);
    return record;
  }

  /** Those on the line, and at the agent's screen, see it at once; what comes later is looked for. */
  #shown(record: CaptureRecord): void {
    const { registry, records } = this.#options;
    const { merchant, view } = record;
    // It is in nobody's process from now on.
    void records.close(merchant, view.id).catch(() => {});
    const call = registry.ofCapture(merchant, view.id);
    if (call !== undefined) this.watch.show(call, record);
  }

  #isPast({ expiresAt }: LinkRecord): boolean {
    return this.#options.clock.now() >= expiresAt;
  }

  async #record(merchant: string, id: string): Promise<CaptureRecord> {
    const record = await this.#options.records.capture(merchant, id);
    if (record === null) throw new AppError('not_found', 'there is no such capture');
    return record;
  }

  async #flowOf({ merchant, view }: CaptureRecord): Promise<{ language: Language; caller: Caller }> {
    const { registry, records, languageOf } = this.#options;
    const live: Call | undefined = registry.findOf(merchant, view.call_id);
    if (live !== undefined && live.session !== null && live.session.facts.id !== view.id) {
      throw new AppError('link_not_possible', 'another capture of this call has taken its place');
    }
    const call =
      live === undefined
        ? await records.call(merchant, view.call_id)
        : { called: live.called, view: live.view() };
    if (call === null) throw new AppError('not_found', 'there is no such call');
    const { flow, caller } = call.view;
    return { language: languageOf(flow), caller: { number: caller.address, called: call.called } };
  }
}

/** What a further sending changes. Throws AppError `link_not_possible` when there were enough of them. */
function sending(
  before: LinkRecord | undefined,
  { channel }: LinkRequest,
  to: string | null,
): Pick<LinkRecord, 'channel' | 'to' | 'delivery' | 'sendings'> {
  const sendings = before?.sendings ?? 0;
  if (channel === 'spoken') return { channel, to: null, delivery: null, sendings };
  if (sendings >= MAX_SENDINGS) {
    throw new AppError(
      'link_not_possible',
      `a capture sends ${MAX_SENDINGS} messages at most: have the code spoken`,
    );
  }
  return { channel, to: masked(channel, to ?? ''), delivery: 'queued', sendings: sendings + 1 };
}

/** What can be paid by a link. Throws AppError `link_not_possible`: money is taken once, for what was asked. */
function insistOnPossible({ view, link }: CaptureRecord): Money {
  const { outcome, amount, currency, status, reason, charge } = view;
  const why = (text: string) => new AppError('link_not_possible', text);
  if (outcome !== 'charge' || amount === null || currency === null)
    throw why('this capture charges no amount');
  if (status === 'completed') throw why('it is paid already');
  if (status === 'cancelled') throw why('it was cancelled: arm another capture');
  if (charge?.status === 'unknown' || (reason === 'service_restarted' && charge === null)) {
    throw why('nobody knows yet whether the card was charged: a link could take the money twice');
  }
  if (status === 'processing' || (link !== undefined && isOpen(link))) throw beingCharged();
  return { amount, currency };
}

function beingCharged(): AppError {
  return new AppError('link_not_possible', 'it is being paid this very moment');
}

function linkOf({ view }: CaptureRecord): LinkView {
  if (view.link === null) throw new TypeError('a link that was sent stands in its capture');
  return view.link;
}
