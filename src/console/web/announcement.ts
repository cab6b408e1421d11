import type { DeskView } from '../../call/calls.js';
import type { AgentText } from './agent-text.js';
import { captureTitle } from './capture-title.js';
import type { Language } from './language.js';
import { standingOf } from './link-standing.js';
import { LINK_TEXT } from './link-text.js';
import { tellingOf } from './telling.js';

/**
 * What a screen reader says when it changes: steps and faults, never each digit, which would talk over the caller.
 */
export function announcementFor(
  { call, capture, choosing }: DeskView,
  text: AgentText,
  language: Language,
): string {
  if (capture === null) return `${call.caller.address}, ${text.callStatus[call.status]}`;
  if (capture.link !== null && capture.status !== 'collecting') {
    const { title, status } = LINK_TEXT[language];
    return `${captureTitle(capture, text)}. ${title}: ${status[standingOf(capture.link)]}.`;
  }
  if (choosing) return `${text.choosing}.`;
  const refusal = capture.decline === null ? '' : ` ${tellingOf(capture.decline, language).forAgent}`;
  const field = capture.fields.find(({ name }) => name === capture.current_field);
  if (capture.status !== 'collecting' || !field) {
    const reason = capture.reason === null ? '' : ` ${text.reason[capture.reason]}`;
    return `${captureTitle(capture, text)}.${reason}${refusal}`;
  }
  if (field.error === null) return `${text.fields[field.name]}.`;
  return `${text.fields[field.name]}.${refusal || ` ${text.error[field.error]}`}`;
}
