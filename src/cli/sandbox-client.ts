import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError, codeOf } from '../errors.js';
import type { Command } from './command.js';

const fileSchema = z.object({
  service_url: z.string(),
  carrier_url: z.string(),
  api_key: z.string(),
  number: z.string(),
  agent_address: z.string(),
});

const scriptedCallSchema = z.object({
  call_sid: z.string(),
  status: z.string(),
  said: z.array(z.object({ text: z.string() })),
  recordings: z.object({ caller_sent: z.string(), agent_heard: z.string() }).nullable(),
});
export type ScriptedCallAnswer = z.infer<typeof scriptedCallSchema>;

const callSchema = z.object({ status: z.string() });

const moneySchema = z.object({ amount: z.number(), currency: z.string() });
export type Money = z.infer<typeof moneySchema>;

const chargeSchema = moneySchema.extend({
  id: z.string(),
  status: z.enum(['approved', 'declined', 'unknown']),
  decline: z.object({ for_agent: z.string() }).nullable(),
});

const ledgerSchema = z.object({ movements: z.array(moneySchema.extend({ kind: z.string() })) });
/** One entry in the payment provider's own ledger. */
export type LedgerEntry = z.infer<typeof ledgerSchema>['movements'][number];

const captureSchema = z.object({
  id: z.string(),
  status: z.enum(['collecting', 'processing', 'completed', 'failed', 'cancelled']),
  reason: z.string().nullable(),
  current_field: z.string().nullable(),
  fields: z.array(
    z.object({
      name: z.string(),
      status: z.enum(['pending', 'collecting', 'accepted']),
      digits_entered: z.number(),
      masked: z.string(),
    }),
  ),
  token: z.string().nullable(),
  card: z
    .object({ brand: z.string(), last4: z.string(), exp_month: z.number(), exp_year: z.number() })
    .nullable(),
  charge: chargeSchema.nullable(),
});
export type CaptureAnswer = z.infer<typeof captureSchema>;

const REQUEST_TIMEOUT_MS = 60_000;

/** The running sandbox, as the operator's tool finds it: the service's API on one side, the carrier on the other. */
export class SandboxClient {
  readonly #file: z.infer<typeof fileSchema>;

  private constructor(file: z.infer<typeof fileSchema>) {
    this.#file = file;
  }

  /** Reads `DATA_DIR/sandbox.json`. AppError when no sandbox runs. */
  static async find(env: Parameters<Command['run']>[1]['env']): Promise<SandboxClient> {
    const path = join(env['DATA_DIR'] ?? './data', 'sandbox.json');
    try {
      return new SandboxClient(fileSchema.parse(JSON.parse(await readFile(path, 'utf8'))));
    } catch (error) {
      const missing = codeOf(error) === 'ENOENT';
      throw new AppError(
        'config_invalid',
        missing
          ? 'no sandbox is running here: start it with npm start'
          : 'DATA_DIR/sandbox.json can not be read',
      );
    }
  }

  get number(): string {
    return this.#file.number;
  }

  async placeCall(from: string, card: string): Promise<ScriptedCallAnswer> {
    const { number, agent_address } = this.#file;
    return scriptedCallSchema.parse(
      await this.#carrier('', { from, to: number, agent: agent_address, card }),
    );
  }

  async scriptedCall(sid: string): Promise<ScriptedCallAnswer> {
    return scriptedCallSchema.parse(await this.#carrier(`/${sid}`));
  }

  /** Resolves when the caller has done the steps. */
  async key(sid: string, steps: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
    await this.#carrier(`/${sid}/keys`, { steps });
  }

  async end(sid: string): Promise<ScriptedCallAnswer> {
    return scriptedCallSchema.parse(await this.#carrier(`/${sid}/end`, {}));
  }

  /** The service's view of the call, or null when it doesn't know it (yet). */
  async callStatus(sid: string): Promise<string | null> {
    const response = await this.#service(`/v1/calls/${sid}`);
    return response.status === 404 ? null : callSchema.parse(await answerOf(response)).status;
  }

  /** With `money` the card is charged, else it becomes a token. */
  async arm(sid: string, reference: string, money: Money | null): Promise<CaptureAnswer> {
    const order = { call: sid, reference, ...(money !== null && { outcome: 'charge', ...money }) };
    return captureSchema.parse(await answerOf(await this.#service('/v1/captures', order)));
  }

  /** What the payment provider says that it has moved under one name. */
  async ledger(reference: string): Promise<LedgerEntry[]> {
    const url = `${this.#file.carrier_url}/ledger.json?${new URLSearchParams({ reference }).toString()}`;
    return ledgerSchema.parse(await answerOf(await send(url, {}))).movements;
  }

  /** The capture now and on every change, until it is over. */
  async *watch(id: string, signal: AbortSignal): AsyncGenerator<CaptureAnswer> {
    const response = await this.#service(`/v1/captures/${id}/events`, undefined, signal);
    if (!response.ok || response.body === null) await answerOf(response);
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) {
        const data = event.split('\n').flatMap((line) => (line.startsWith('data:') ? [line.slice(5)] : []));
        if (data.length > 0) yield captureSchema.parse(JSON.parse(data.join('\n')));
      }
    }
  }

  async #carrier(path: string, body?: unknown): Promise<unknown> {
    return await answerOf(await send(`${this.#file.carrier_url}/simulator/scripted-calls${path}`, {}, body));
  }

  #service(path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    return send(
      this.#file.service_url + path,
      { Authorization: `Bearer ${this.#file.api_key}` },
      body,
      signal,
    );
  }
}

async function send(
  url: string,
  headers: Record<string, string>,
  body?: unknown,
  signal: AbortSignal = AbortSignal.timeout(REQUEST_TIMEOUT_MS),
): Promise<Response> {
  try {
    return await fetch(url, {
      signal,
      headers: { ...headers, ...(body !== undefined && { 'Content-Type': 'application/json' }) },
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    });
  } catch (error) {
    if (signal.aborted) throw signal.reason ?? error;
    throw new AppError('carrier_failed', 'the sandbox does not answer: is npm start still running?');
  }
}

async function answerOf(response: Response): Promise<unknown> {
  if (response.ok) return await response.json();
  const problem = (await response.json().catch(() => null)) as { detail?: string; title?: string } | null;
  const why = problem?.detail ?? problem?.title ?? 'no reason given';
  throw new AppError('carrier_failed', `the sandbox answered ${response.status}: ${why}`);
}
