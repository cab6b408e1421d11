import { isMap, isNode, isPair, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import type { MemberError } from '../errors.js';

/** What a YAML file says, or everything that is wrong with it. Faults name a place and a reason, never a value. */
export type Reading<T> = { ok: true; value: T; source: YamlSource } | { ok: false; faults: MemberError[] };

type Path = readonly PropertyKey[];

/** One file's text, and where in it each member stands. */
export class YamlSource {
  readonly #file: string;
  readonly #lines = new LineCounter();
  readonly #document: Document.Parsed;

  constructor(file: string, text: string) {
    this.#file = file;
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, strict: true });
  }

  read<T>(schema: z.ZodType<T>): Reading<T> {
    const { errors, warnings } = this.#document;
    if (errors.length + warnings.length > 0) {
      const faults = [...errors, ...warnings].map(({ code, pos }) => ({
        path: this.#place(pos[0]),
        message: `not valid YAML (${code.toLowerCase().replaceAll('_', ' ')})`,
      }));
      return { ok: false, faults };
    }
    const plain = this.#plain();
    if (plain === undefined) {
      return { ok: false, faults: [{ path: this.#place(0), message: 'too many aliases: write it out' }] };
    }
    const parsed = schema.safeParse(plain.value);
    if (parsed.success) return { ok: true, value: parsed.data, source: this };
    return { ok: false, faults: parsed.error.issues.map((issue) => this.#fault(issue)) };
  }

  /** The `file:line:column` of a member, or of the nearest one around it that the file has. */
  at(path: Path): string {
    return this.#place(this.#offset(path));
  }

  #plain(): { value: unknown } | undefined {
    try {
      return { value: this.#document.toJS({ maxAliasCount: 10 }) };
    } catch {
      return undefined;
    }
  }

  #fault(issue: z.core.$ZodIssue): MemberError {
    const member = issue.path.join('.');
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
    const missing = member !== '' && !this.#document.hasIn(issue.path);
    const reason = missing ? 'is missing' : issue.message;
    return {
      path: this.at([...issue.path, ...unknown]),
      message: member === '' ? reason : `${member}: ${reason}`,
    };
  }

  #offset(path: Path): number {
    for (let length = path.length; length > 0; length--) {
      const parent = this.#document.getIn(path.slice(0, length - 1), true);
      const last = path[length - 1];
      if (isMap(parent)) {
        const pair = parent.items.find(
          (item) => isPair(item) && isScalar(item.key) && item.key.value === last,
        );
        if (pair !== undefined && isNode(pair.key)) return pair.key.range?.[0] ?? 0;
      }
      const node = this.#document.getIn(path.slice(0, length), true);
      if (isNode(node)) return node.range?.[0] ?? 0;
    }
    return this.#document.contents?.range[0] ?? 0;
  }

  #place(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.#file}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  }
}
