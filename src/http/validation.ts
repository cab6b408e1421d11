import { z } from 'zod';
import { AppError, type MemberError } from '../errors.js';

/** As many wrong members are named at once; one more is found after these are mended. */
const MAX_ERRORS = 20;

/**
 * `value` as `schema` makes it. Throws AppError `bad_request` that names each wrong member by its path and never
 * repeats a value.
 */
export function checked<S extends z.ZodType>(schema: S, value: unknown, what: 'body' | 'query'): z.output<S> {
  const result = schema.safeParse(value, { error: plainMessage });
  if (result.success) return result.data;
  const errors = result.error.issues.flatMap(memberErrors).slice(0, MAX_ERRORS);
  const where = what === 'body' ? 'the body does' : 'the query parameters do';
  throw new AppError('bad_request', `${where} not fit the schema; errors names each member`, { errors });
}

/** What each issue of zod means, in a few words. A message given in the schema itself comes first. */
function plainMessage(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is required' : `must be ${article(issue.expected)}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return `must be at least ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big':
      return `must be at most ${issue.maximum}${unitOf(issue.origin)}`;
    case 'invalid_format':
      return issue.format === 'datetime'
        ? 'must be an RFC 3339 time with its zone'
        : 'does not have the right form';
    case 'unrecognized_keys':
      return 'is not known';
    default:
      return 'is not right';
  }
}

function article(type: string): string {
  if (type === 'int') return 'a whole number';
  if (type === 'object' || type === 'record') return 'an object';
  return type === 'array' ? 'an array' : `a ${type}`;
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters long';
  return origin === 'array' ? ' items long' : '';
}

function memberErrors(issue: z.core.$ZodIssue): MemberError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: pathOf([...issue.path, key]), message: issue.message }));
  }
  if (issue.code === 'invalid_key') {
    const why = issue.issues.map(({ message }) => message).join(', ');
    return [{ path: pathOf(issue.path), message: `its name ${why}` }];
  }
  return [{ path: pathOf(issue.path), message: issue.message }];
}

/** `metadata.order`, `fields[0]`. A name that somebody may have put a card number in is shown as an ellipsis. */
function pathOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    const name = isPlainName(step) ? step : '…';
    return text === '' ? name : `${text}.${name}`;
  }, '');
}

/** A name like those of schemas: short, ASCII, few digits. */
function isPlainName(name: PropertyKey): name is string {
  return (
    typeof name === 'string' && /^[A-Za-z_][\w-]{0,39}$/.test(name) && name.replaceAll(/\D/g, '').length < 6
  );
}
