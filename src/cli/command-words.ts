import { parseArgs, type ParseArgsConfig } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;
type Parsed<O extends Options> = ReturnType<typeof parseArgs<{ allowPositionals: true; options: O }>>;

export interface CommandWords<O extends Options> {
  /** What to do; empty where nothing is said. */
  action: string;
  /** What to do it with. */
  word: string | null;
  values: Parsed<O>['values'];
}

/** The words after a command that does several things; null when one is too many, or an option is not known. */
export function commandWords<O extends Options>(args: readonly string[], options: O): CommandWords<O> | null {
  let parsed: Parsed<O>;
  try {
    parsed = parseArgs({ args: [...args], allowPositionals: true, options });
  } catch {
    return null;
  }
  const [action = '', word = null, ...rest] = parsed.positionals;
  return rest.length > 0 ? null : { action, word, values: parsed.values };
}
