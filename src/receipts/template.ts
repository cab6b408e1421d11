import type { MemberError } from '../errors.js';

/** A text with holes: literal parts, and names of what goes between them. */
export interface Template<Name extends string> {
  parts: readonly (string | { name: Name })[];
}

export type ReadTemplate<Name extends string> =
  { ok: true; template: Template<Name> } | { ok: false; faults: MemberError[] };

const BRACES = /\{\{([^{}]*)\}\}|\{\{|\}\}/g;

/**
 * Reads `{{name}}` out of a text; there is nothing else to it. Faults stand at `file:line:column`; `firstLine` is the
 * line of the file on which the text begins.
 */
export function readTemplate<Name extends string>(
  file: string,
  text: string,
  names: readonly Name[],
  firstLine = 1,
): ReadTemplate<Name> {
  const parts: (string | { name: Name })[] = [];
  const faults: MemberError[] = [];
  let end = 0;
  for (const match of text.matchAll(BRACES)) {
    const [whole, written] = match;
    const name = names.find((known) => known === written);
    if (name === undefined) faults.push({ path: placeOf(match.index), message: faultOf(written, names) });
    else parts.push(text.slice(end, match.index), { name });
    end = match.index + whole.length;
  }
  parts.push(text.slice(end));
  return faults.length === 0 ? { ok: true, template: { parts } } : { ok: false, faults };

  function placeOf(offset: number): string {
    const before = text.slice(0, offset).split('\n');
    return `${file}:${firstLine + before.length - 1}:${(before.at(-1) ?? '').length + 1}`;
  }
}

/** Fills a template. What is filled in is never read as a template itself. */
export function render<Name extends string>(
  { parts }: Template<Name>,
  values: Readonly<Record<Name, string>>,
  escape: (value: string) => string,
): string {
  return parts.map((part) => (typeof part === 'string' ? part : escape(values[part.name]))).join('');
}

/** For plain text: one line, whatever was put in. */
export function asText(value: string): string {
  return value.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ');
}

const ENTITIES: Readonly<Record<string, string>> = {
  ...{ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' },
};

/** For the text of an HTML element, and for an attribute in quotes. */
export function asHtml(value: string): string {
  return asText(value).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

function faultOf(written: string | undefined, names: readonly string[]): string {
  if (written === undefined) return 'braces without their other half: a placeholder is {{name}}';
  return `no such placeholder; known here: ${names.join(', ')}`;
}
