import type { RewrapProgress } from '../vault/rewrap-ledger.js';
import type { RootKey } from '../vault/root-key.js';

const HEADINGS = ['KEY', 'USE', 'STATE', 'SINCE', 'CHECK VALUE', 'CARDS'];

/** Keys as a table, oldest first; `counts` says how many cards each version seals, or null when nobody counted. */
export function keyTable(keys: readonly RootKey[], counts: ReadonlyMap<string, number> | null): string {
  const cardsOf = (id: string) => (counts === null ? '' : String(counts.get(id) ?? 0));
  const known = keys.map(({ id, use, state, changed, check }) => [
    ...[id, use, state, changed.slice(0, 10), check],
    use === 'seal' ? cardsOf(id) : '',
  ]);
  const unknown = [...(counts?.keys() ?? [])]
    .filter((id) => !keys.some((key) => key.id === id))
    .map((id) => [shown(id), 'seal', 'not in the file', '', '', cardsOf(id)])
    .toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1));
  const rows = [HEADINGS, ...known, ...unknown];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `${line(row, widths)}\n`).join('');
}

/** How far the cards are on their way to the active version. */
export function rewrapLine({ target, round, done, scanned, rewrapped, failed }: RewrapProgress): string {
  if (target === null) return '';
  const underWay = round > done;
  const what = underWay
    ? `under way, ${rewrapped} of ${scanned} cards seen so far were rewrapped`
    : `done, ${scanned} cards seen`;
  return `\nrewrapping to ${target}: ${what}${failed > 0 ? `, ${failed} can not be opened` : ''}\n`;
}

/** Whatever stands in Redis is not written to a terminal. */
function shown(id: string): string {
  return /^[a-z0-9-]{1,32}$/.test(id) ? id : '?';
}

function line(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
  return cells.join('  ').trimEnd();
}
