import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PhoneCall } from '../../src/carrier/simulated/phone.js';
import type { CaptureView } from '../../src/capture/view.js';
import { withFlows, type FlowFolder } from '../support/flow-folder.js';
import { API_KEY, CALLER, over, startService, until, type Service } from '../support/service.js';

const FAST = { onMs: 60, offMs: 60 };
const OTHER_NUMBER = '+33199000002';

let service: Service;
let folder: FlowFolder;

beforeAll(async () => {
  folder = await withFlows({ 'other-shop': `merchant: other\nnumbers: ["${OTHER_NUMBER}"]\n` });
  service = await startService({ root: folder.root });
  service.carrier.number(OTHER_NUMBER, { voiceUrl: `${service.url}/twilio/voice` });
});
afterAll(async () => {
  await service.stop();
  await folder.remove();
});

/** A call with a capture, for as long as `during` takes. */
async function capturing(
  during: (caller: PhoneCall, capture: CaptureView) => Promise<void>,
  more: Record<string, unknown> = {},
): Promise<void> {
  const { caller, agent } = await service.talk();
  await during(caller, await service.arm(caller, more));
  caller.hangUp();
  await until(() => agent.over);
}

const number = (capture: CaptureView) => capture.fields[0];
const act = async (capture: CaptureView, what: string) =>
  service.api('POST', `/v1/captures/${capture.id}/${what}`);

describe('an agent', () => {
  it('has a field keyed again, and those after it', () =>
    capturing(async (caller, capture) => {
      await caller.press('424242424242424212', FAST);
      await service.captureWhen(capture.id, ({ fields }) => fields[1]?.digits_entered === 2);
      const cleared = await act(capture, 'fields/payment-card-number/clear');
      expect(cleared).toMatchObject({ status: 200, body: { current_field: 'payment-card-number' } });
      expect((cleared.body as CaptureView).fields.map(({ masked }) => masked)).toEqual(['', '']);
      await caller.press('55555555555544440930', FAST);
      expect(await service.captureWhen(capture.id, over)).toMatchObject({
        status: 'completed',
        card: { brand: 'mastercard', last4: '4444' },
      });
      expect((await act(capture, 'fields/payment-card-number/clear')).status).toBe(409);
    }));

  it('gives time, and cancels: what was keyed is gone', () =>
    capturing(async (caller, capture) => {
      await caller.press('4242', FAST);
      await service.captureWhen(capture.id, (now) => number(now)?.digits_entered === 4);
      expect(await act(capture, 'extend')).toMatchObject({ status: 200, body: { status: 'collecting' } });
      expect((await act(capture, 'fields/pin/clear')).status).toBe(404);
      expect((await act(capture, 'fields/security-code/clear')).status).toBe(404);
      const cancelled = await act(capture, 'cancel');
      expect(cancelled.body).toMatchObject({
        status: 'cancelled',
        reason: 'cancelled_by_agent',
        token: null,
      });
      expect(number(cancelled.body as CaptureView)).toMatchObject({ masked: '', digits_entered: 0 });
      expect((await act(capture, 'cancel')).status).toBe(200);
      expect((await act(capture, 'extend')).status).toBe(409);
      expect((await act(capture, 'fields/payment-card-number/clear')).status).toBe(409);
      // A new one can be armed at once.
      const next = await service.arm(caller);
      expect((await service.call(caller.sid)).capture_id).toBe(next.id);
      expect(await service.capture(capture.id)).toMatchObject({ status: 'cancelled' });
    }));

  it('sees what went wrong and which attempt it is, until there are no more', () =>
    capturing(async (caller, capture) => {
      for (const attempt of [1, 2, 3]) {
        await caller.press('5555#', FAST);
        const next = (now: CaptureView) => over(now) || number(now)?.attempt === attempt + 1;
        const now = await service.captureWhen(capture.id, next);
        expect(number(now)?.error).toBe('invalid-card-number');
        // Keys are dropped until a second has passed without one.
        if (attempt < 3) await new Promise((resolve) => setTimeout(resolve, 1100));
      }
      expect(await service.capture(capture.id)).toMatchObject({
        status: 'failed',
        reason: 'attempts_used_up',
      });
    }));
});

describe('a program', () => {
  it('arms once with one key, however often it asks', () =>
    capturing(async (caller, capture) => {
      await act(capture, 'cancel');
      const headers = { 'idempotency-key': 'order-77' };
      const ask = (more = {}) => service.api('POST', '/v1/captures', { call: caller.sid, ...more }, headers);
      const [first, again] = [await ask(), await ask()];
      expect([first.status, again.status]).toEqual([201, 201]);
      expect(again.body).toEqual(first.body);
      expect((await ask({ reference: 'another' })).status).toBe(422);
    }));

  it('lists captures by reference, newest first, page by page, and since', async () => {
    const ids: string[] = [];
    const { caller, agent } = await service.talk();
    for (let i = 0; i < 3; i++) {
      const capture = await service.arm(caller, { reference: 'order-5' });
      ids.unshift(capture.id);
      await act(capture, 'cancel');
    }
    const list = async (query: string) =>
      (await service.api('GET', `/v1/captures?reference=order-5&${query}`)).body as {
        captures: CaptureView[];
        cursor: string | null;
      };
    const named = ({ captures }: { captures: CaptureView[] }) => captures.map(({ id }) => id);
    const page = await list('limit=2');
    expect(named(page)).toEqual(ids.slice(0, 2));
    const rest = await list(`limit=2&cursor=${page.cursor}`);
    expect([named(rest), rest.cursor]).toEqual([ids.slice(2), null]);
    const newest = page.captures[0]?.created_at ?? '';
    expect(named(await list(`since=${newest}`))).toContain(ids[0]);
    expect(named(await list('since=2099-01-01T00:00:00Z'))).toEqual([]);
    expect((await service.api('GET', '/v1/captures?cursor=4242424242424242')).status).toBe(400);
    caller.hangUp();
    await until(() => agent.over);
  });

  it('does not see what belongs to another merchant', async () => {
    const caller = service.carrier.phone(CALLER).call(OTHER_NUMBER);
    await until(() => service.logged('call started').some(({ call_sid }) => call_sid === caller.sid));
    const { call: id } = service.logged('call started').find(({ call_sid }) => call_sid === caller.sid) ?? {};
    for (const name of [String(id), caller.sid]) {
      expect((await service.api('GET', `/v1/calls/${name}`)).status).toBe(404);
      expect((await service.api('POST', '/v1/captures', { call: name })).status).toBe(404);
    }
    const { body } = await service.api('GET', '/v1/calls');
    expect(JSON.stringify(body)).not.toContain(caller.sid);
    caller.hangUp();
    await until(() => service.logged('call ended').some(({ call }) => call === id));
  });

  it('follows a capture from its first picture to its last', () =>
    capturing(async (caller, capture) => {
      const response = await fetch(`${service.url}/v1/captures/${capture.id}/events`, {
        headers: { authorization: `Bearer ${API_KEY}` },
      });
      const text = response.text();
      await caller.press('42424242424242421234', FAST);
      const views = (await text)
        .split('\n\n')
        .filter((block) => block.startsWith('event: capture'))
        .map((block) => JSON.parse(block.slice(block.indexOf('data: ') + 6)) as CaptureView);
      expect(views[0]).toMatchObject({ id: capture.id, status: 'collecting' });
      expect(views.at(-1)).toMatchObject({ status: 'completed', card: { last4: '4242' } });
      // Keys came every 120 ms; pictures come every 160 ms at most, so some show two keys at once.
      const counts = views.map(({ fields }) => fields.reduce((sum, field) => sum + field.digits_entered, 0));
      expect(counts).toEqual(counts.toSorted((a, b) => a - b));
      expect(counts.length).toBeLessThan(20);
    }));
});
