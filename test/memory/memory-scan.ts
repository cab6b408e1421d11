import { readFileSync } from 'node:fs';
import type { Program } from '../support/program.js';
import { until } from '../support/service.js';
import { BackgroundSearch } from './background-search.js';
import type { CanaryCard } from './canary-cards.js';
import { cardNeedles, messageNeedles, toneNeedles } from './memory-needles.js';
import { copyMemory } from './process-memory.js';

/** What one scan found: for each form how often, over all cards. */
export type Found = Record<string, number>;

export interface Scan {
  /** Of the cards whose captures are live, of all others, and of no card: messages and tones. */
  readonly live: Found;
  readonly over: Found;
  readonly traces: Found;
}

/** Looks for cards, and for what one could be read from, in the memory of a process. */
export class MemoryScan {
  readonly #search: BackgroundSearch;

  /** `toneMs` is how long their keys are held. */
  constructor(cards: readonly CanaryCard[], toneMs: number) {
    this.#search = new BackgroundSearch({
      needles: [...cardNeedles(cards), ...messageNeedles(), ...toneNeedles(toneMs)],
      numbers: new Map(cards.map(({ name, number }) => [name, number])),
    });
  }

  /** `live`: the names of the cards whose captures are. */
  async look(memory: readonly ArrayBuffer[], live: ReadonlySet<string>): Promise<Scan> {
    const found = { live: {} as Found, over: {} as Found, traces: {} as Found };
    for (const [needle, times] of await this.#search.search(memory)) {
      const card = cardIn(needle);
      const group = found[card === '' ? 'traces' : live.has(card) ? 'live' : 'over'];
      const form = needle.replace(/^card \d+: /, '').replace(/^card \d+ code: /, 'code, ');
      group[form] = (group[form] ?? 0) + times;
    }
    return found;
  }

  /** The names of the cards of which anything is there. */
  async known(memory: readonly ArrayBuffer[]): Promise<Set<string>> {
    return new Set([...(await this.#search.search(memory)).keys()].map(cardIn));
  }

  close(): Promise<void> {
    return this.#search.close();
  }
}

/** The program's memory at one moment. It stands still for as long as the copying takes: less than its timers forgive. */
export async function memoryOf(program: Program): Promise<ArrayBuffer[]> {
  // What came together with the last answer is handled when this one comes: a turn of its event loop has passed.
  await program.api('GET', '/healthz');
  program.signal('SIGSTOP');
  await until(() => readFileSync(`/proc/${program.pid}/stat`, 'utf8').includes(') T '));
  const memory = copyMemory(program.pid);
  program.signal('SIGCONT');
  return memory;
}

/** Whose card a finding is about; empty for a trace of any. */
function cardIn(needle: string): string {
  return /^card \d+/.exec(needle)?.[0] ?? '';
}
