import type { KeyCell } from '../secret.js';
import type { FieldName, Reason } from './view.js';

/** What can happen to a capture. `at` is in ms of a clock that never goes backwards. */
export type CaptureEvent =
  /** The machine keeps neither the event nor the cell: both may be reused. */
  | { type: 'key'; at: number; cell: KeyCell }
  /** `wakeAt` has come. */
  | { type: 'timer'; at: number }
  /** The agent wants a field keyed again, and those after it. */
  | { type: 'clear'; at: number; field: FieldName }
  /** The field in progress gets its time again. */
  | { type: 'extend'; at: number }
  | { type: 'cancel'; at: number; by: 'agent' | 'caller' }
  | { type: 'fail'; at: number; reason: Reason }
  /** The vault answered with a token. */
  | { type: 'sealed'; at: number };

/** What the session has to do now. */
export type CaptureEffect =
  /** Every field is accepted: give `cardOf(state)` to the vault, and its answer back as `sealed` or `fail`. */
  | { type: 'tokenize' }
  /** What is shown changed: `progress` or `deadline`. */
  | { type: 'changed' }
  /** Completed, failed or cancelled, every digit wiped; nothing changes it any more. */
  | { type: 'over' };
