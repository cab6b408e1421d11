import type { DeskView } from '../../call/calls.js';
import type { AgentText } from './agent-text.js';

/**
 * What a screen reader says when it changes: steps and faults, never each digit, which would talk over the caller.
 */
export function announcementFor({ call, capture }: DeskView, text: AgentText): string {
  if (capture === null) return `${call.caller.address}, ${text.callStatus[call.status]}`;
  const field = capture.fields.find(({ name }) => name === capture.current_field);
  if (capture.status !== 'collecting' || !field) {
    const reason = capture.reason === null ? '' : ` ${text.reason[capture.reason]}`;
    return `${text.captureStatus[capture.status]}.${reason}`;
  }
  const error = field.error === null ? '' : ` ${text.error[field.error]}`;
  return `${text.fields[field.name]}.${error}`;
}
