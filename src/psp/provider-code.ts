/** A code that a provider gave, made fit for logs and views: nothing that could be more than a code is left of it. */
export function providerCode(code: string): string {
  const plain = code.toLowerCase().replaceAll(/[^a-z0-9_-]/g, '');
  // Digits enough for a security code are no part of any code, but of what a provider repeats.
  return plain.replaceAll(/\d{3,}/g, '').slice(0, 64) || 'unknown';
}
