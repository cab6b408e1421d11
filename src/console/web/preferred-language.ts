import type { Language } from './language.js';

const STORED_UNDER = 'tonewall.language';

/** What was chosen last, else the browser's own. */
export function preferredLanguage(): Language {
  const stored = localStorage.getItem(STORED_UNDER);
  if (stored === 'fr' || stored === 'en') return stored;
  return navigator.language.toLowerCase().startsWith('fr') ? 'fr' : 'en';
}

/** Keeps the choice for the next page, and tells assistive technology and the browser's own controls. */
export function useLanguage(language: Language, title: string): void {
  localStorage.setItem(STORED_UNDER, language);
  document.documentElement.lang = language;
  document.title = title;
}
