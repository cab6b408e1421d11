import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import type { Opening } from '../../src/call/links.js';
import { createLinkPages } from '../../src/http/link-pages.js';
import { startHttpWorld, type HttpWorld } from '../support/http-world.js';

const PAGE = 'https://pay.example/p/1';
const OPENINGS: Readonly<Record<string, Opening>> = {
  '4F7K92QX': { status: 'open', url: PAGE },
  ' 4f7k-92qx': { status: 'open', url: PAGE },
  '00000001': { status: 'over' },
  '00000002': { status: 'too_many' },
};

let world: HttpWorld;
const asked: string[] = [];
beforeAll(async () => {
  const open = async (typed: string, address: string): Promise<Opening> => {
    asked.push(address);
    return OPENINGS[typed] ?? { status: 'unknown' };
  };
  world = await startHttpWorld({ mounts: [{ path: '/l', router: createLinkPages({ open }) }] });
});
afterAll(() => world.close());

describe('the short address of payment links', () => {
  it('leads on to the page of the provider, and tells it nothing of where from', async () => {
    const { headers } = await request(world.url).get('/l/4F7K92QX').expect(302);
    expect(headers).toMatchObject({
      ...{ location: PAGE, 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' },
      'x-robots-tag': 'noindex, nofollow',
    });
    expect(asked.at(-1)).toBe('127.0.0.1');
  });

  it.each([
    ['/l/00000000', 404, 'This code is not known.'],
    ['/l/00000001', 410, 'This code can not be used any more.'],
    ['/l/00000002', 429, 'Too many codes were tried.'],
    ['/l/done?status=paid', 200, 'Thank you.'],
    ['/l', 200, 'Type the code'],
  ])('answers %s with %d and a sentence', async (path, status, sentence) => {
    const { text, headers } = await request(world.url).get(path).expect(status);
    expect(text).toContain(sentence);
    const [, nonce = 'none'] = /<style nonce="([^"]+)"/.exec(text) ?? [];
    expect(headers['content-security-policy']).toBe(
      `default-src 'none';style-src 'nonce-${nonce}';form-action 'self';base-uri 'none';frame-ancestors 'none'`,
    );
    expect(text).not.toContain('<script');
  });

  it('speaks the language of the browser', async () => {
    const { text, headers } = await request(world.url).get('/l').set('accept-language', 'fr-CA, en;q=0.5');
    expect([text.includes('<html lang="fr">'), headers['vary']]).toEqual([true, 'accept-language']);
  });

  it('shows the way on for a code that is typed, and repeats nothing else that is', async () => {
    const typed = await request(world.url).post('/l').type('form').send({ code: ' 4f7k-92qx' }).expect(200);
    expect(typed.text).toContain('<a class="go" href="/l/4F7K92QX">');
    const wrong = await request(world.url).post('/l').type('form').send({ code: '"><b>4242' }).expect(404);
    expect(wrong.text).not.toContain('4242');
    await request(world.url).post('/l').type('form').send('code[]=1').expect(404);
    await request(world.url)
      .post('/l')
      .type('form')
      .send({ code: 'x'.repeat(2000) })
      .expect(404);
  });
});
