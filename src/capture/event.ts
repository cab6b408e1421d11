import type { Network } from '../card/networks.js';
import type { KeyCell } from '../secret.js';
import type { Correction } from './refusal.js';
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
  /** The payer pays elsewhere: nothing more is keyed, and what was is wiped. */
  | { type: 'hand_over'; at: number }
  /** The till did what it was asked to. */
  | { type: 'done'; at: number }
  /** The till was refused. `correction`: what the caller can key again; `reason` stands when there is nothing, or nobody. */
  | { type: 'refused'; at: number; correction: Correction | null; reason: Reason };

/** What the session has to do now. */
export type CaptureEffect =
  /** Every field is accepted: give `cardOf` and `codeOf` to the till, and its answer back as `done`, `refused` or `fail`. */
  | { type: 'submit' }
  /** The caller is to be told what he can choose: `networks` by their keys, from 1. */
  | { type: 'ask_network'; networks: readonly Network[] }
  /** What is shown changed: `progress` or `deadline`. */
  | { type: 'changed' }
  /** Completed, failed or cancelled, every digit wiped; nothing changes it any more. */
  | { type: 'over' };
