import type { DeclineView } from '../../capture/view.js';
import { REFUSALS, type Telling } from '../../charge/refusals.js';
import { REFUSAL_CODES } from '../../psp/decline-code.js';
import type { Language } from './language.js';

/** A refusal in the language of the page, which may be another than the caller's. */
export function tellingOf(decline: DeclineView, language: Language): Telling {
  const code = REFUSAL_CODES.find((each) => each === decline.code);
  if (code !== undefined) return REFUSALS[code].telling[language];
  return { forAgent: decline.for_agent, forCaller: decline.for_caller };
}
