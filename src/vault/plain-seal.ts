import { AppError } from '../errors.js';
import { Secret } from '../secret.js';
import type { RootSeal } from './root-seal.js';

const HEX = Buffer.from('0123456789abcdef');

/** No seal: hex digits in the file. For this machine alone, and for the volume of an encrypted secret store. */
export const plainSeal: RootSeal = {
  name: 'plain',
  seal(root) {
    const text = new Secret(root.length * 2);
    for (const byte of root.reveal()) {
      text.push(HEX[byte >> 4] ?? 0);
      text.push(HEX[byte & 15] ?? 0);
    }
    return Promise.resolve(text);
  },
  async open(sealed) {
    const root = new Secret(sealed.length / 2);
    const text = sealed.reveal();
    for (let i = 0; i < text.length; i += 2) root.push((digit(text[i]) << 4) | digit(text[i + 1]));
    return Promise.resolve(root);
  },
};

function digit(character = 0): number {
  const value = HEX.indexOf(character);
  if (value < 0) throw new AppError('config_invalid', 'VAULT_KEY_FILE holds a secret that is not hex digits');
  return value;
}
