/** As much of OpenAPI's schema as a carrier's published description uses for a call. */
export interface Schema {
  type?: string;
  nullable?: boolean;
  enum?: readonly unknown[];
  pattern?: string;
  format?: string;
  minLength?: number;
  maxLength?: number;
  properties?: Readonly<Record<string, Schema>>;
  items?: Schema;
  $ref?: string;
}

const RFC_2822 = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000$/;

/** What in `value` breaks `schema`, as paths; empty when it fits. */
export function violations(
  schema: Schema,
  value: unknown,
  schemas: Readonly<Record<string, Schema>>,
  path = '$',
): string[] {
  if (schema.$ref !== undefined) {
    const target = schemas[schema.$ref.split('/').at(-1) ?? ''];
    return target === undefined
      ? [`${path}: unknown ${schema.$ref}`]
      : violations(target, value, schemas, path);
  }
  if (value === null) return schema.nullable === true ? [] : [`${path}: null`];
  if (schema.enum !== undefined && !schema.enum.includes(value)) return [`${path}: not of the enumeration`];
  switch (schema.type) {
    case 'string': {
      if (typeof value !== 'string') return [`${path}: not a string`];
      const { minLength = 0, maxLength = Infinity, pattern, format } = schema;
      if (value.length < minLength || value.length > maxLength) return [`${path}: length`];
      if (pattern !== undefined && !new RegExp(pattern).test(value)) return [`${path}: pattern`];
      return format === 'date-time-rfc-2822' && !RFC_2822.test(value) ? [`${path}: not RFC 2822`] : [];
    }
    case 'array':
      if (!Array.isArray(value)) return [`${path}: not an array`];
      return value.flatMap((item, i) => violations(schema.items ?? {}, item, schemas, `${path}[${i}]`));
    case 'object': {
      if (typeof value !== 'object') return [`${path}: not an object`];
      const members = Object.entries(value);
      const { properties } = schema;
      if (properties === undefined) return [];
      return members.flatMap(([name, member]) => {
        const property = properties[name];
        return property === undefined
          ? [`${path}.${name}: unknown`]
          : violations(property, member, schemas, `${path}.${name}`);
      });
    }
    default:
      return [];
  }
}
