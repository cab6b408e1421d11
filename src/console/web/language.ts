/** Of the pages. What the caller hears follows the call's flow. */
export type Language = 'fr' | 'en';
