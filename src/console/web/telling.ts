import type { DeclineView } from '../../capture/view.js';
import { REFUSALS, type Telling } from '../../charge/refusals.js';
import { refusalNamed } from '../../psp/decline-code.js';
import type { Language } from './language.js';

/** A refusal in the language of the page, which may be another than the caller's. */
export function tellingOf(decline: DeclineView, language: Language): Telling {
  const refusal = refusalNamed(decline.code, decline.next);
  if (refusal !== null) return REFUSALS[refusal].telling[language];
  return { forAgent: decline.for_agent, forCaller: decline.for_caller };
}
