/** Text for people in which the digits of a field are dots: made here and nowhere else. */
export type Masked = string & { readonly masked: unique symbol };

/** One dot a digit. */
export function dots(count: number): Masked {
  return '•'.repeat(count) as Masked;
}
