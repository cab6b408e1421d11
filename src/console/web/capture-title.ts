import type { CaptureView } from '../../capture/view.js';
import type { AgentText } from './agent-text.js';
import { isOpenLink } from './link-standing.js';

/** Where a capture stands, in a few words. */
export function captureTitle(
  { status, outcome, charge, decline, link }: CaptureView,
  text: AgentText,
): string {
  if (isOpenLink(link)) return text.waitingForLink;
  if (status === 'collecting' || status === 'cancelled') return text[status];
  if (status !== 'failed') return text[status][outcome];
  if (charge?.status === 'unknown') return text.failed.unknown;
  if (decline === null) return text.failed.noCard;
  return outcome === 'charge' ? text.failed.declined : text.failed.refused;
}
