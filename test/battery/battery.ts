import { company } from './company.js';
import { duration } from './duration.js';
import { falseKeys } from './false-keys.js';
import type { Row } from './figure.js';
import { frequency } from './frequency.js';
import { gaps } from './gaps.js';
import { level } from './level.js';
import { mitel } from './mitel.js';
import { twist } from './twist.js';
import { wideSet, wideSetInAlaw } from './wide-set.js';

/** What a receiver of DTMF is measured by: ITU-T Q.24, Mitel's tape, and what is beside keys on a line. */
export const BATTERY: readonly Row[] = [
  wideSet,
  wideSetInAlaw,
  frequency,
  twist,
  duration,
  gaps,
  level,
  ...company,
  mitel,
  falseKeys,
];
