import type { DeskView } from '../../call/calls.js';
import type { FieldName, LinkChannel } from '../../capture/view.js';
import type { NewCapture } from './capture-entry.js';
import type { DeskStart } from '../desk-start.js';

/** Calls that are over stay on the screen, so that a token can still be copied; the oldest go first. */
const ENDED_CALLS_KEPT = 5;

/** The agent's view of the service: what `/console/desk` streams, and the requests that the buttons make. */
export class Desk {
  /** By call id, newest call first. */
  calls: DeskView[] = [];
  connected = false;
  start: DeskStart | null = null;

  readonly #changed: () => void;
  readonly #events: EventSource;
  /** Server's clock minus this machine's, in ms: deadlines are the server's. */
  #clockOffset = 0;

  constructor(changed: () => void) {
    this.#changed = changed;
    this.#events = new EventSource('desk');
    this.#events.addEventListener('start', ({ data }: MessageEvent<string>) => {
      this.start = JSON.parse(data) as DeskStart;
      this.#clockOffset = Date.parse(this.start.now) - Date.now();
      this.connected = true;
      // What lives is told again right after: what ended unseen must not stay.
      this.calls = this.calls.filter(({ call }) => call.status === 'ended');
      this.#changed();
    });
    this.#events.addEventListener('call', ({ data }: MessageEvent<string>) => {
      this.#put(JSON.parse(data) as DeskView);
      this.#changed();
    });
    this.#events.addEventListener('error', () => {
      this.connected = false;
      this.#changed();
    });
  }

  /** The server's time, in ms since the epoch. */
  now(): number {
    return Date.now() + this.#clockOffset;
  }

  close(): void {
    this.#events.close();
  }

  arm(capture: NewCapture): Promise<Refusal | null> {
    return post('captures', capture);
  }

  cancel(capture: string): Promise<Refusal | null> {
    return post(`captures/${encodeURIComponent(capture)}/cancel`);
  }

  extend(capture: string): Promise<Refusal | null> {
    return post(`captures/${encodeURIComponent(capture)}/extend`);
  }

  clearField(capture: string, field: FieldName): Promise<Refusal | null> {
    return post(`captures/${encodeURIComponent(capture)}/fields/${field}/clear`);
  }

  link(capture: string, channel: LinkChannel, to: string | null): Promise<Refusal | null> {
    return post(`captures/${encodeURIComponent(capture)}/link`, { channel, to });
  }

  #put(desk: DeskView): void {
    const others = this.calls.filter(({ call }) => call.id !== desk.call.id);
    const all = [...others, desk].sort((a, b) => b.call.started_at.localeCompare(a.call.started_at));
    const ended = all.filter(({ call }) => call.status === 'ended').slice(ENDED_CALLS_KEPT);
    this.calls = all.filter((each) => !ended.includes(each));
  }
}

/** Why the service did not do it: its error code, or `no_answer`. */
export type Refusal = string;

async function post(path: string, body: object = {}): Promise<Refusal | null> {
  try {
    const answer = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (answer.ok) return null;
    const problem = (await answer.json()) as { code?: string };
    return problem.code ?? 'no_answer';
  } catch {
    return 'no_answer';
  }
}
