import type { AuditNote } from './audit-entry.js';
import { AUDIT_EVENTS, type FactType } from './audit-event.js';

interface Pattern {
  /** The entry that an alert is. */
  alert: FactType;
  /** Of the entries that count: of operations their intents. */
  types: readonly string[];
  /** Whose entries are counted together. */
  by: 'actor' | 'origin';
  /** So many within `minutes` are an alert; then there is none for as long. */
  count: number;
  minutes: number;
  /** Only in the quiet hours, where such are set. */
  quiet?: boolean;
}

const OPERATIONS = Object.keys(AUDIT_EVENTS).filter(
  (type) => AUDIT_EVENTS[type as keyof typeof AUDIT_EVENTS].kind === 'operation',
);

/** What an automated review of the trail looks for (PCI DSS 10.4.1.1). */
export const PATTERNS = {
  // A program that charges for a whole floor of agents opens some in a minute.
  opens: {
    ...{ alert: 'alert.opens', types: ['token.read', 'token.open', 'token.destroy'] },
    ...{ by: 'actor', count: 300, minutes: 10 },
  },
  refusals: {
    alert: 'alert.refusals',
    types: ['access.unauthorized', 'access.forbidden', 'access.absent', 'access.ticket'],
    ...{ by: 'origin', count: 30, minutes: 5 },
  },
  signatures: {
    ...{ alert: 'alert.signatures', types: ['access.signature'] },
    ...{ by: 'origin', count: 10, minutes: 5 },
  },
  declines: {
    ...{ alert: 'alert.declines', types: ['charge.declined'] },
    ...{ by: 'actor', count: 10, minutes: 10 },
  },
  night: { alert: 'alert.night', types: OPERATIONS, by: 'actor', count: 1, minutes: 60, quiet: true },
} as const satisfies Record<string, Pattern>;

export type PatternName = keyof typeof PATTERNS;

/** Hours of the day, UTC, in which nobody should be at work; over midnight where `from` is the later one. */
export interface QuietHours {
  from: number;
  to: number;
}

export interface Sighting {
  pattern: PatternName;
  /** Whose entries they were. */
  who: string;
  count: number;
}

/** Actors and addresses that are kept in mind for each pattern. */
export const MAX_WATCHED = 1_000;

/** Looks for patterns in the entries of a chain, one after the other. */
export class PatternWatch {
  readonly #watched = new Map<PatternName, Map<string, { times: number[]; quietUntil: number }>>();
  readonly #quiet: QuietHours | null;

  constructor(quiet: QuietHours | null) {
    this.#quiet = quiet;
  }

  /** What an entry, written `at` (ms since the epoch), makes complete. */
  take(note: AuditNote, at: number): Sighting[] {
    const sightings: Sighting[] = [];
    for (const [name, pattern] of Object.entries(PATTERNS) as [PatternName, Pattern][]) {
      if (!pattern.types.includes(note.type) || note.intent !== 0) continue;
      if (pattern.quiet === true && !this.#isQuiet(at)) continue;
      const who = note[pattern.by];
      if (this.#completes(name, pattern, who, at))
        sightings.push({ pattern: name, who, count: pattern.count });
    }
    return sightings;
  }

  #completes(name: PatternName, { count, minutes }: Pattern, who: string, at: number): boolean {
    const seen = this.#seen(name, who);
    if (at < seen.quietUntil) return false;
    const since = at - minutes * 60_000;
    seen.times = [...seen.times.filter((time) => time > since), at];
    if (seen.times.length < count) return false;
    seen.times = [];
    seen.quietUntil = at + minutes * 60_000;
    return true;
  }

  #seen(name: PatternName, who: string): { times: number[]; quietUntil: number } {
    const watched = this.#watched.get(name) ?? new Map<string, { times: number[]; quietUntil: number }>();
    this.#watched.set(name, watched);
    const seen = watched.get(who) ?? { times: [], quietUntil: 0 };
    // Who was seen last is forgotten last.
    watched.delete(who);
    watched.set(who, seen);
    const [oldest] = watched.keys();
    if (watched.size > MAX_WATCHED && oldest !== undefined) watched.delete(oldest);
    return seen;
  }

  #isQuiet(at: number): boolean {
    if (this.#quiet === null) return false;
    const { from, to } = this.#quiet;
    const hour = new Date(at).getUTCHours();
    return from <= to ? hour >= from && hour < to : hour >= from || hour < to;
  }
}
