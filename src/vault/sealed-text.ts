import type { Secret } from '../secret.js';
import { open, seal } from './aead.js';
import { aadOf, type Binding, type Content } from './envelope.js';
import type { StoredCard } from './vault.js';

/** Bytes of a plaintext, filled up with spaces: how long a text is shows nowhere. */
const SIZES = { bin: 6, stored: 224, network: 64 } as const satisfies Partial<Record<Content, number>>;

/** What has no space in it, and nothing that is not ASCII. */
const WORD = /^[!-~]+$/;

/** The BIN of a card is stored in a seal only: beside a keyed hash it would narrow a search. */
export function sealBin(dataKey: Secret, bin: string | null, binding: Binding): Buffer {
  return sealText('bin', dataKey, bin ?? '', binding);
}

/** The BIN, null when the card has none; undefined when the seal does not fit. */
export function openBin(dataKey: Secret, sealed: Uint8Array, binding: Binding): string | null | undefined {
  const bin = openText('bin', dataKey, sealed, binding);
  return bin === '' ? null : bin;
}

/** Throws RangeError for what is no name of a card, or is too long. */
export function sealStored(dataKey: Secret, { provider, reference }: StoredCard, binding: Binding): Buffer {
  return sealText('stored', dataKey, `${word(provider)} ${word(reference)}`, binding);
}

/** Undefined when the seal does not fit. */
export function openStored(dataKey: Secret, sealed: Uint8Array, binding: Binding): StoredCard | undefined {
  const [provider, reference] = openText('stored', dataKey, sealed, binding)?.split(' ') ?? [];
  return provider === undefined || reference === undefined ? undefined : { provider, reference };
}

/** Throws RangeError for what no network gives. */
export function sealNetworkId(dataKey: Secret, id: string, binding: Binding): Buffer {
  return sealText('network', dataKey, word(id), binding);
}

/** Undefined when the seal does not fit. */
export function openNetworkId(dataKey: Secret, sealed: Uint8Array, binding: Binding): string | undefined {
  return openText('network', dataKey, sealed, binding);
}

function sealText(content: keyof typeof SIZES, dataKey: Secret, text: string, binding: Binding): Buffer {
  if (text.length > SIZES[content]) throw new RangeError(`too long for a seal of ${content}`);
  const plaintext = Buffer.from(text.padEnd(SIZES[content]), 'latin1');
  return seal(dataKey.reveal(), plaintext, aadOf(content, binding));
}

function openText(
  content: keyof typeof SIZES,
  dataKey: Secret,
  sealed: Uint8Array,
  binding: Binding,
): string | undefined {
  const plaintext = open(dataKey.reveal(), sealed, aadOf(content, binding));
  if (plaintext === null) return undefined;
  const text = String.fromCharCode(...plaintext.reveal()).trimEnd();
  plaintext.wipe();
  return text;
}

function word(text: string): string {
  if (!WORD.test(text)) throw new RangeError('a name is printable ASCII without spaces');
  return text;
}
