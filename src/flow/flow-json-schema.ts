import { z } from 'zod';
import { flowSchema } from '../capture/flow.js';

/** `ivr-flows/flow.schema.json`, for editors. Draft 7, which all of them read. */
export function flowJsonSchema(): Readonly<Record<string, unknown>> {
  return { title: 'A Tonewall flow', ...z.toJSONSchema(flowSchema, { io: 'input', target: 'draft-7' }) };
}
