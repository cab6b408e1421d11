import { z } from 'zod';
import { SCOPE_MEANINGS } from '../access/scope.js';
import { armBody } from '../call/arm-body.js';
import type { ErrorCode } from '../errors.js';
import { callListSchema, callSchema } from './call-schema.js';
import { captureListSchema, captureSchema, cardSchema, chargeSchema, linkSchema } from './capture-schema.js';
import { chargeBody, refundBody, refundListSchema, refundSchema } from './charge-routes.js';
import { eventListSchema, eventSchema } from './event-schema.js';
import { linkBody } from './link-routes.js';
import { PROBLEMS, problemSchema } from './problem.js';
import { receiptListSchema, receiptSchema } from './receipt-routes.js';
import type { Route } from './route.js';
import { tokenSchema } from './token-schema.js';

/** As much of JSON Schema (2020-12) as we write and the page of documentation reads. */
export interface JsonSchema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  enum?: unknown[];
  format?: string;
  pattern?: string;
  default?: unknown;
  anyOf?: JsonSchema[];
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  description?: string;
  schema: JsonSchema;
}

export interface ApiResponse {
  description: string;
  content?: Record<string, { schema: JsonSchema }>;
}

export interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  security: { apiKey: string[] }[];
  parameters: Parameter[];
  requestBody?: { required: true; content: Record<string, { schema: JsonSchema }> };
  responses: Record<string, ApiResponse>;
}

export interface OpenApi {
  openapi: '3.1.0';
  info: { title: string; version: string; description: string };
  servers: { url: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, JsonSchema>; securitySchemes: object };
}

/** The schemas that have a name in the document. */
const NAMED: Readonly<Record<string, z.ZodType>> = {
  Call: callSchema,
  CallList: callListSchema,
  ArmCapture: armBody,
  Capture: captureSchema,
  CaptureList: captureListSchema,
  Card: cardSchema,
  SendLink: linkBody,
  Link: linkSchema,
  Token: tokenSchema,
  ChargeToken: chargeBody,
  Charge: chargeSchema,
  RefundCharge: refundBody,
  Refund: refundSchema,
  RefundList: refundListSchema,
  Receipt: receiptSchema,
  ReceiptList: receiptListSchema,
  Event: eventSchema,
  EventList: eventListSchema,
  Problem: problemSchema,
};

const INTRODUCTION =
  'Tonewall takes a card from the keypad of a caller and gives a token. Send `Authorization: Bearer` and an API key ' +
  'with every request. Bodies are JSON, times RFC 3339 in UTC, amounts integers in the minor unit of their currency. ' +
  'Errors are problem details (RFC 9457) with a stable `code`. New members may appear in answers: ignore what you ' +
  "don't know. Card numbers are taken nowhere here: only from the caller's keypad.";

/** OpenAPI has a place for the scopes that a route needs, and none for what they mean. */
const API_KEY = {
  type: 'http',
  scheme: 'bearer',
  description: `An API key, with the scope that each operation names. ${Object.entries(SCOPE_MEANINGS)
    .map(([scope, meaning]) => `\`${scope}\`: ${meaning}.`)
    .join(' ')}`,
};

/** The OpenAPI document of `routes`, from the schemas that check them. */
export function openApi(routes: readonly Route[]): OpenApi {
  const paths: OpenApi['paths'] = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method] = operation(route);
  return {
    openapi: '3.1.0',
    info: { title: 'Tonewall', version: '1', description: INTRODUCTION },
    servers: [{ url: '/' }],
    paths,
    components: { schemas: namedSchemas(), securitySchemes: { apiKey: API_KEY } },
  };
}

function operation(route: Route): Operation {
  return {
    operationId: operationId(route),
    tags: [route.path.split('/')[2] ?? ''],
    summary: route.summary,
    ...(route.description !== undefined && { description: route.description }),
    security: [{ apiKey: [route.scope] }],
    parameters: [
      ...parameters(route.params, 'path'),
      ...parameters(route.query, 'query'),
      ...(route.idempotent === false ? [] : [idempotencyKey(route.idempotent)]),
    ],
    ...(route.body && { requestBody: { required: true, content: content('application/json', route.body) } }),
    responses: { ...success(route), ...problems(route) },
  };
}

function idempotencyKey(kind: true | 'required'): Parameter {
  const repeated =
    kind === 'required'
      ? 'A repetition moves no money, and gets what has become of the first request.'
      : 'A repetition within 24 h gets the first answer again, with `Idempotent-Replayed: true`.';
  return {
    name: 'Idempotency-Key',
    in: 'header',
    required: kind === 'required',
    description: `Up to 255 printable characters of your choice. ${repeated}`,
    schema: { type: 'string' },
  };
}

function parameters(schema: z.ZodObject, place: 'path' | 'query'): Parameter[] {
  const { properties = {}, required = [] } = jsonSchema(schema);
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: required.includes(name),
    ...(description !== undefined && { description }),
    schema: rest,
  }));
}

function success({ answer, stream }: Route): Record<string, ApiResponse> {
  if (answer.schema instanceof z.ZodNever) return {};
  const type = stream === undefined ? 'application/json' : 'text/event-stream';
  const body = answer.schema === null ? {} : { content: content(type, answer.schema) };
  return { [answer.status]: { description: answer.description, ...body } };
}

function problems(route: Route): Record<string, ApiResponse> {
  const codes = new Set<ErrorCode>(['unauthorized', 'forbidden', ...route.problems]);
  if (route.body) codes.add('bad_request').add('payload_too_large').add('unsupported_media_type');
  if (route.idempotent !== false) codes.add('idempotency_in_progress').add('idempotency_mismatch');
  const responses: Record<string, ApiResponse> = {};
  for (const code of codes) {
    const { status, title } = PROBLEMS[code];
    const before = responses[status]?.description;
    responses[status] = {
      description: `${before === undefined ? '' : `${before}; `}\`${code}\`: ${title}`,
      content: content('application/problem+json', problemSchema),
    };
  }
  return responses;
}

function content(type: string, schema: z.ZodType): Record<string, { schema: JsonSchema }> {
  const name = Object.keys(NAMED).find((key) => NAMED[key] === schema);
  return { [type]: { schema: name === undefined ? jsonSchema(schema) : { $ref: refOf(name) } } };
}

/** `post /v1/captures/{id}/cancel` is `postCapturesIdCancel`. */
function operationId({ method, path }: Route): string {
  const words = path.split(/\W+/).slice(2).filter(Boolean);
  return method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

function refOf(name: string): string {
  return `#/components/schemas/${name}`;
}

function namedSchemas(): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(NAMED)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { io: 'input', uri: refOf, override: plain });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, bare(schema as JsonSchema)]));
}

function jsonSchema(schema: z.ZodType): JsonSchema {
  return bare(z.toJSONSchema(schema, { io: 'input', override: plain }) as JsonSchema);
}

/** Leaves out what only machines would say: a pattern beside `format: date-time`, the bounds of a double. */
function plain({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}

/** A schema inside a document needs neither dialect nor address of its own. */
function bare(schema: JsonSchema & { $schema?: string; $id?: string }): JsonSchema {
  const { $schema: _dialect, $id: _address, ...rest } = schema;
  return rest;
}
