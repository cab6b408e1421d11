import type { RewrapProgress } from '../vault/rewrap-ledger.js';
import type { RootKey } from '../vault/root-key.js';

const HEADINGS = ['KEY', 'USE', 'STATE', 'SINCE', 'CHECK VALUE', 'CARDS'];

/** Keys as a table, oldest first; `counts` says how many cards each version seals, or null when nobody counted. */
export function keyTable(keys: readonly RootKey[], counts: ReadonlyMap<string, number> | null): string {
  const cards = ({ id, use }: RootKey) =>
    use === 'seal' && counts !== null ? String(counts.get(id) ?? 0) : '';
  const rows = keys.map((key) => [
    key.id,
    key.use,
    key.state,
    key.changed.slice(0, 10),
    key.check,
    cards(key),
  ]);
  const unknown = [...(counts ?? [])]
    .filter(([id]) => !keys.some((key) => key.id === id))
    .map(
      // Whatever stands in Redis is not written to a terminal.
      ([id, count]) => [
        /^[a-z0-9-]{1,32}$/.test(id) ? id : '?',
        'seal',
        'not in the file',
        '',
        '',
        String(count),
      ],
    );
  const all = [HEADINGS, ...rows, ...unknown];
  const widths = HEADINGS.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** How far the cards are on their way to the active version. */
export function rewrapLine({ target, round, done, scanned, rewrapped, failed }: RewrapProgress): string {
  if (target === null) return '';
  const lost = failed > 0 ? `, ${failed} can not be opened` : '';
  const what =
    round > done ? `${rewrapped} of ${scanned} cards seen so far were rewrapped` : `${scanned} cards seen`;
  return `\nrewrapping to ${target}: ${round > done ? 'under way' : 'done'}, ${what}${lost}\n`;
}
