/** JSON that a provider sent; undefined where it is none. An error of the parser's would quote the text. */
export function parseQuietly(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
