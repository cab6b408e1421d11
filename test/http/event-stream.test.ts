import { get as httpGet, IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Response } from 'express';
import request from 'supertest';
import { AppError } from '../../src/errors.js';
import { captureSchema } from '../../src/http/capture-schema.js';
import { EventStreams } from '../../src/http/event-stream.js';
import {
  CAPTURE,
  CAPTURE_ID,
  FOREIGN_KEY,
  FULL_KEY,
  startHttpWorld,
  type HttpWorld,
} from '../support/http-world.js';

const PATH = `/v1/captures/${CAPTURE_ID}/events`;

let world: HttpWorld;
beforeEach(async () => {
  world = await startHttpWorld();
});
afterEach(() => world.close());

/** An open stream, read block by block. */
class Stream {
  readonly response: IncomingMessage;
  readonly #blocks: AsyncIterator<string>;

  constructor(response: IncomingMessage) {
    this.response = response;
    this.#blocks = blocksOf(response);
  }

  static open(headers: Record<string, string> = {}): Promise<Stream> {
    return new Promise((resolve, reject) => {
      httpGet(
        world.url + PATH,
        { headers: { authorization: `Bearer ${FULL_KEY}`, ...headers } },
        (response) => resolve(new Stream(response)),
      ).on('error', reject);
    });
  }

  /** The next block, or null when the stream has ended. */
  async next(): Promise<string | null> {
    const { done, value } = await this.#blocks.next();
    return done ? null : value;
  }

  /** Resolves when the server has let go of its listener. */
  async leave(): Promise<void> {
    this.response.destroy();
    await until(() => world.calls.listeners.size === 0);
  }
}

async function* blocksOf(response: IncomingMessage): AsyncGenerator<string> {
  let text = '';
  for await (const chunk of response) {
    text += String(chunk);
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    yield* blocks;
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

function captureIn(block: string | null) {
  const [, event, data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(block ?? '') ?? [];
  expect(event).toBe('capture');
  return captureSchema.parse(JSON.parse(data));
}

describe('the stream of a capture', () => {
  it('shows it now, on every change, and ends when it is over', async () => {
    const stream = await Stream.open();
    expect(stream.response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    expect(captureIn(await stream.next())).toEqual(CAPTURE);
    world.calls.change({ status: 'processing', current_field: null });
    expect(captureIn(await stream.next())).toMatchObject({ status: 'processing' });
    world.calls.change({ status: 'completed' });
    expect(captureIn(await stream.next())).toMatchObject({ status: 'completed' });
    expect(await stream.next()).toBe(null);
    expect(world.calls.listeners.size).toBe(0);
  });

  it.each(['completed', 'failed', 'cancelled'] as const)('of one that is %s is one event', async (status) => {
    world.calls.change({ status });
    const stream = await Stream.open();
    expect(captureIn(await stream.next())).toMatchObject({ status });
    expect(await stream.next()).toBe(null);
  });

  it('misses nothing that changes while the first view is read', async () => {
    const read = world.calls.capture.bind(world.calls);
    let reads = 0;
    world.calls.capture = async (...args) => {
      const view = await read(...args);
      if (++reads === 1) world.calls.change({ status: 'failed' });
      return view;
    };
    const stream = await Stream.open();
    expect(captureIn(await stream.next())).toMatchObject({ status: 'failed' });
    expect(await stream.next()).toBe(null);
  });

  it('beats every 15 s while nothing changes', async () => {
    const stream = await Stream.open();
    await stream.next();
    for (let beats = 0; beats < 3; beats++) {
      world.clock.advance(14_999);
      world.clock.advance(1);
      expect(await stream.next()).toBe(': still here');
    }
    await stream.leave();
  });

  it('ends at a heartbeat once its key is valid no more', async () => {
    let revoked = false;
    const client = { principal: 'crm', merchant: 'default', scopes: new Set(['captures:read'] as const) };
    const find = () => Promise.resolve(revoked ? null : { id: 'key_1', state: 'active' as const, client });
    await world.close();
    world = await startHttpWorld({ apiKeys: { find } });
    const stream = await Stream.open();
    await stream.next();
    world.clock.advance(15_000);
    expect(await stream.next()).toBe(': still here');
    world.calls.change({ amount: 1 });
    expect(captureIn(await stream.next())).toMatchObject({ amount: 1 });
    revoked = true;
    world.clock.advance(15_000);
    expect(await stream.next()).toBe(': still here');
    expect(await stream.next()).toBe(null);
    expect(world.calls.listeners.size).toBe(0);
  });

  it('goes on while nobody can say whether its key is valid', async () => {
    const client = { principal: 'crm', merchant: 'default', scopes: new Set(['captures:read'] as const) };
    let asked = 0;
    const find = () =>
      asked++ === 0
        ? Promise.resolve({ id: 'key_1', state: 'active' as const, client })
        : Promise.reject(new AppError('redis_unavailable', 'away'));
    await world.close();
    world = await startHttpWorld({ apiKeys: { find } });
    const stream = await Stream.open();
    await stream.next();
    world.clock.advance(15_000);
    expect(await stream.next()).toBe(': still here');
    world.calls.change({ amount: 2 });
    expect(captureIn(await stream.next())).toMatchObject({ amount: 2 });
    expect(asked).toBe(2);
    await stream.leave();
  });

  it('lets go when the client leaves', async () => {
    const stream = await Stream.open();
    await stream.next();
    expect(world.calls.listeners.size).toBe(1);
    await stream.leave();
    world.clock.advance(60_000);
    expect((await request(world.server).get('/healthz')).status).toBe(200);
  });

  it('skips to the newest view for a client that reads slowly', async () => {
    const stream = await Stream.open();
    await stream.next();
    stream.response.pause();
    // 40 MB, far more than sockets hold between two processes.
    const changes = 400;
    for (let i = 1; i <= changes; i++) {
      world.calls.change({ reference: 'x'.repeat(100_000), amount: i });
      await new Promise((resolve) => setImmediate(resolve));
    }
    world.calls.change({ status: 'cancelled', amount: 0, reference: null });
    let seen = 0;
    let last: string | null = null;
    for (let block = await stream.next(); block !== null; block = await stream.next()) {
      last = block;
      seen++;
    }
    expect(captureIn(last)).toMatchObject({ status: 'cancelled' });
    expect(seen).toBeLessThan(changes / 2);
  });

  it('minds no Last-Event-ID', async () => {
    const stream = await Stream.open({ 'last-event-id': '42' });
    expect(captureIn(await stream.next())).toEqual(CAPTURE);
    await stream.leave();
  });

  it.each([
    ['unknown', PATH.replace(CAPTURE_ID, `cap_${'B'.repeat(26)}`), FULL_KEY],
    ["another merchant's", PATH, FOREIGN_KEY],
  ])('that is %s is 404, and nothing is left listening', async (_name, path, key) => {
    const answer = await request(world.server).get(path).set('authorization', `Bearer ${key}`);
    expect([answer.status, answer.type]).toEqual([404, 'application/problem+json']);
    expect(world.calls.listeners.size).toBe(0);
  });

  it('is refused over the bound of open ones, and opens again when one has ended', async () => {
    const streams = new EventStreams(world.clock, 2);
    const endless = {
      event: 'x',
      first: () => Promise.resolve(1),
      watch: () => () => {},
      over: () => false,
      admitted: () => Promise.resolve(true),
    };
    const [one, two, three] = [new FakeResponse(), new FakeResponse(), new FakeResponse()];
    const first = streams.follow(one.response, endless);
    const second = streams.follow(two.response, endless);
    await expect(streams.follow(three.response, endless)).rejects.toMatchObject({ code: 'too_many_streams' });
    one.response.emit('close');
    await first;
    const third = streams.follow(three.response, endless);
    two.response.emit('close');
    three.response.emit('close');
    await Promise.all([second, third]);
    expect(three.response.headersSent).toBe(true);
  });
});

/** A response to nobody. */
class FakeResponse {
  readonly response: Response;

  constructor() {
    const response = new ServerResponse(new IncomingMessage(new Socket()));
    this.response = Object.setPrototypeOf(response, world.app.response) as Response;
  }
}
