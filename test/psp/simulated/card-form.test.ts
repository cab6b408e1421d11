import { describe, expect, it } from '@jest/globals';
import { readCardForm } from '../../../src/psp/simulated/card-form.js';

const formOf = (text: string) => {
  const bytes = Buffer.from(new ArrayBuffer(1024), 0, text.length);
  bytes.write(text);
  return { bytes, form: readCardForm(bytes) };
};
const digits = (secret: { reveal: () => Uint8Array } | null | undefined) =>
  secret ? [...secret.reveal()].join('') : null;

describe('a form with a card', () => {
  it('is read into text and digits', () => {
    const { form } = formOf('amount=1250&card_number=4242424242424242&description=Caf%C3%A9+x&card_code=123');
    expect([digits(form?.number), digits(form?.code)]).toEqual(['4242424242424242', '123']);
    expect([form?.fields.get('amount'), form?.fields.get('description')]).toEqual(['1250', 'Café x']);
  });

  it('is zeroed', () => {
    const { bytes } = formOf('amount=1250&card_number=4242424242424242');
    expect(bytes.every((byte) => byte === 0)).toBe(true);
  });

  it('has no digits of the card in its text', () => {
    const { form } = formOf('card_number=4242+4242-4242%204242&card_code=123');
    expect(digits(form?.number)).toBe('4242424242424242');
    expect([...(form?.fields.values() ?? [])].join('')).not.toMatch(/\d/);
  });

  it.each(['', '424242424242424A', '%34242424242424242', '42424242424242424242'])(
    'has no number where something else stands: %j',
    (value) => {
      const { form } = formOf(`card_number=${value}&amount=1`);
      expect([form?.number, form?.fields.get('amount')]).toEqual([null, '1']);
    },
  );

  it('takes a member by its whole name', () => {
    expect(formOf('my_card_number=4242424242424242').form?.number).toBeNull();
  });

  it('refuses a value that is too long', () => {
    expect(formOf(`description=${'x'.repeat(513)}`).form).toBeNull();
  });
});
