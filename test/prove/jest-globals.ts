/** What tests take from `@jest/globals`, where Vitest runs them: it has the same under the same names. */
export const { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } =
  globalThis as unknown as typeof import('@jest/globals');
