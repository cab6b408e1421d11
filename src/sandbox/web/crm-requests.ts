/** Problems as the native API words them (RFC 9457). */
interface Problem {
  detail?: string;
  title?: string;
}

/** What the CRM asks of the service. Whatever comes of it is told by events, as to any CRM. */
export class CrmRequests {
  /** Under way: a second click is not a second charge. */
  readonly #running = new Set<string>();
  /** Of requests that got no answer: asked again, they are the same request. */
  readonly #keys = new Map<string, string>();
  readonly #wrong = new Map<string, string>();
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** `about` is the token or the charge whose buttons were used. */
  running(about: string): boolean {
    return this.#running.has(about);
  }

  /** What went wrong the last time; null when nothing did. */
  wrong(about: string): string | null {
    return this.#wrong.get(about) ?? null;
  }

  fail(about: string, why: string): void {
    this.#wrong.set(about, why);
    this.#changed();
  }

  async post(about: string, path: string, body: object, noAnswer: string): Promise<void> {
    if (this.#running.has(about)) return;
    this.#running.add(about);
    this.#wrong.delete(about);
    this.#changed();
    try {
      const why = await this.#send(path, JSON.stringify(body));
      if (why !== null) this.#wrong.set(about, why);
    } catch {
      this.#wrong.set(about, noAnswer);
    } finally {
      this.#running.delete(about);
      this.#changed();
    }
  }

  async #send(path: string, body: string): Promise<string | null> {
    const request = `${path} ${body}`;
    const key = this.#keys.get(request) ?? crypto.randomUUID();
    this.#keys.set(request, key);
    const answer = await fetch(`inbox${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body,
    });
    if (answer.status < 500) this.#keys.delete(request);
    if (answer.ok) return null;
    const problem = (await answer.json().catch(() => ({}))) as Problem;
    return problem.detail ?? problem.title ?? String(answer.status);
  }
}
