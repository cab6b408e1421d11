import { html, nothing, type TemplateResult } from 'lit';

/** Rows of the keypad (ITU-T E.161), with the letters under the digits. */
const ROWS: readonly (readonly (readonly [key: string, letters: string])[])[] = [
  [
    ['1', ''],
    ['2', 'ABC'],
    ['3', 'DEF'],
  ],
  [
    ['4', 'GHI'],
    ['5', 'JKL'],
    ['6', 'MNO'],
  ],
  [
    ['7', 'PQRS'],
    ['8', 'TUV'],
    ['9', 'WXYZ'],
  ],
  [
    ['*', ''],
    ['0', '+'],
    ['#', ''],
  ],
];

export const KEYS: ReadonlySet<string> = new Set(ROWS.flat().map(([key]) => key));

interface Keypad {
  label: string;
  names: { star: string; hash: string };
  /** The key that is down now, whoever holds it. */
  down: string | null;
  press: (key: string) => void;
  release: () => void;
}

/** Twelve keys. A key sounds from pointer down to pointer up; Enter and Space work as a short press. */
export function keypad({ label, names, down, press, release }: Keypad): TemplateResult {
  const nameOf = (key: string) => (key === '*' ? names.star : key === '#' ? names.hash : nothing);
  return html`
    <div class="keypad" role="group" aria-label=${label}>
      ${ROWS.flat().map(
        ([key, letters]) => html`
          <button
            type="button"
            class="key"
            data-key=${key}
            data-down=${key === down}
            aria-label=${nameOf(key)}
            @pointerdown=${(event: PointerEvent) => {
              (event.target as Element).setPointerCapture(event.pointerId);
              press(key);
            }}
            @pointerup=${release}
            @pointercancel=${release}
            @contextmenu=${(event: Event) => event.preventDefault()}
            @click=${(event: MouseEvent) => {
              // From the keyboard or a screen reader: no pointer went down before.
              if (event.detail > 0) return;
              press(key);
              release();
            }}
          >
            <span class="key-mark">${key === '*' ? '∗' : key}</span>
            <span class="key-letters">${letters}</span>
          </button>
        `,
      )}
    </div>
  `;
}
