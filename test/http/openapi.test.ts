import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { SCOPE_MEANINGS, SCOPES } from '../../src/access/scope.js';
import type { JsonSchema, OpenApi } from '../../src/http/openapi.js';
import { PROBLEMS } from '../../src/http/problem.js';
import { startHttpWorld, type HttpWorld } from '../support/http-world.js';

let world: HttpWorld;
let document: OpenApi;
let page: request.Response;
beforeAll(async () => {
  world = await startHttpWorld();
  document = (await request(world.server).get('/openapi.json')).body as OpenApi;
  page = await request(world.server).get('/docs');
});
afterAll(() => world.close());

describe('/openapi.json', () => {
  it('describes arming as it is checked', () => {
    const arm = document.paths['/v1/captures']?.['post'];
    expect(arm?.requestBody?.content['application/json']?.schema).toEqual({
      $ref: '#/components/schemas/ArmCapture',
    });
    expect(Object.keys(arm?.responses ?? {})).toEqual([
      '201',
      '400',
      '401',
      '403',
      '404',
      '409',
      '413',
      '415',
      '422',
      '429',
      '503',
    ]);
    expect(arm?.parameters.map(({ name, in: place }) => [name, place])).toEqual([
      ['Idempotency-Key', 'header'],
    ]);
    expect(arm?.security).toEqual([{ apiKey: ['captures:write'] }]);
    expect(document.components.schemas['ArmCapture']).toMatchObject({
      type: 'object',
      additionalProperties: false,
      required: ['call'],
      properties: {
        outcome: { enum: ['token', 'verify', 'charge'], default: 'token' },
        reference: { anyOf: [{ type: 'string', maxLength: 200 }, { type: 'null' }] },
      },
    });
  });

  it('describes the answers as they are', () => {
    expect(document.components.schemas['Capture']?.properties?.['card']).toEqual({
      anyOf: [{ $ref: '#/components/schemas/Card' }, { type: 'null' }],
    });
    expect(document.paths['/v1/captures/{id}/events']?.['get']?.responses['200']?.content).toEqual({
      'text/event-stream': { schema: { $ref: '#/components/schemas/Capture' } },
    });
    expect(document.paths['/v1/tokens/{token}']?.['delete']?.responses['204']?.content).toBeUndefined();
  });

  it('says what every scope means', () => {
    const scheme = JSON.stringify(document.components.securitySchemes);
    const unsaid = Object.entries(SCOPE_MEANINGS).filter(
      ([scope, meaning]) => !scheme.includes(`\`${scope}\`: ${meaning}.`),
    );
    expect(unsaid).toEqual([]);
    for (const scope of SCOPES) expect(page.text).toContain(`<td><code>${scope}</code></td>`);
  });

  it('says which scopes no operation asks for', () => {
    const asked = Object.values(document.paths)
      .flatMap((methods) => Object.values(methods))
      .flatMap(({ security }) => security.flatMap(({ apiKey }) => apiKey));
    const idle = SCOPES.filter((scope) => SCOPE_MEANINGS[scope].includes('no operation asks for it yet'));
    expect(SCOPES.filter((scope) => !asked.includes(scope))).toEqual(idle);
  });

  it('names each operation once and every parameter of a path', () => {
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.values(methods).map((operation) => ({ path, operation })),
    );
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, operation } of operations) {
      const inPath = operation.parameters.filter(({ in: place }) => place === 'path');
      expect(inPath.map(({ name }) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? []);
      expect(inPath.every(({ required }) => required)).toBe(true);
    }
  });

  it('has a name for whatever an operation takes or answers', () => {
    const unnamed = Object.values(document.paths)
      .flatMap((methods) => Object.values(methods))
      .flatMap(({ operationId, requestBody, responses }) =>
        [requestBody, ...Object.values(responses)].flatMap((part) =>
          Object.values(part?.content ?? {}).map(({ schema }) => ({ operationId, schema })),
        ),
      )
      .filter(({ schema }) => schema.$ref === undefined);
    expect(unnamed).toEqual([]);
  });

  it('refers to nothing that is not in it', () => {
    const missing = refsIn(document).filter(
      (ref) => document.components.schemas[ref.replace('#/components/schemas/', '')] === undefined,
    );
    expect(missing).toEqual([]);
    expect(JSON.stringify(document)).not.toMatch(/\$schema|\$id/);
  });

  it('holds nothing like a card number', () => {
    expect(JSON.stringify(document)).not.toMatch(/(?<![\d.])\d{13,19}(?!\d)/);
  });
});

describe('/docs', () => {
  it('shows every operation, schema and problem under an anchor of its own', () => {
    const anchors = [...page.text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
    expect(anchors).toEqual([
      ...operations.map(({ operationId }) => operationId),
      ...Object.keys(document.components.schemas),
      'scopes',
      'problems',
      ...Object.keys(PROBLEMS),
    ]);
  });

  it('links only to what is there, and loads nothing', () => {
    const links = [...page.text.matchAll(/href="([^"]+)"/g)].map(([, link]) => link ?? '');
    const dead = links.filter(
      (link) => link !== '/openapi.json' && !page.text.includes(` id="${link.slice(1)}"`),
    );
    expect(dead).toEqual([]);
    expect(page.text).not.toMatch(/<script|<link|<img|<iframe|src=|url\(|@import| style=| on\w+=/i);
  });

  it('allows itself its own style and nothing else', () => {
    const style = /<style>([\s\S]*)<\/style>/.exec(page.text)?.[1] ?? '';
    const digest = createHash('sha256').update(style).digest('base64');
    expect(page.headers['content-security-policy']).toBe(
      `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
  });
});

function refsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { $ref } = value as JsonSchema;
  return [...($ref === undefined ? [] : [$ref]), ...Object.values(value).flatMap(refsIn)];
}
