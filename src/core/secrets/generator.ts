/** `generate` of a secret: what kind of random value it gets. Pure. */

/** `length` is in random bytes, of `alnum` in characters. */
export type Generator =
  | { readonly kind: 'hex' | 'base64' | 'alnum'; readonly length: number }
  | { readonly kind: 'uuid'; readonly length: 16 };

/** 64 bits cannot be guessed online. */
const MIN_LENGTH = 8;
const MAX_LENGTH = 1024;
const EXPECTED = `expected "uuid", or "hex:N", "base64:N" or "alnum:N" with N from ${MIN_LENGTH} to ${MAX_LENGTH}, like "hex:32"`;

/** Returns the generator, or what is wrong with the text. */
export function parseGenerator(text: string): Generator | string {
  if (text === 'uuid') return { kind: 'uuid', length: 16 };
  const [, kind, digits] = /^(hex|base64|alnum):(\d{1,4})$/.exec(text) ?? [];
  const length = Number(digits);
  if (kind === undefined || length < MIN_LENGTH || length > MAX_LENGTH) return EXPECTED;
  return { kind: kind as 'hex' | 'base64' | 'alnum', length };
}

export function isSameGenerator(one: Generator, other: Generator): boolean {
  return one.kind === other.kind && one.length === other.length;
}
