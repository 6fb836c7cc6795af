/** Random values of generated secrets. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Generator } from '../core/secrets/generator.ts';

const ALNUM = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** Bytes from here on would make the first characters of `ALNUM` likelier than the others. */
const FAIR = 256 - (256 % ALNUM.length);

export function randomValue({ kind, length }: Generator): string {
  switch (kind) {
    case 'uuid':
      return randomUUID({ disableEntropyCache: true });
    case 'alnum':
      return alnum(length);
    default:
      return randomBytes(length).toString(kind);
  }
}

function alnum(length: number): string {
  let text = '';
  while (text.length < length)
    for (const byte of randomBytes(length)) if (byte < FAIR) text += ALNUM[byte % ALNUM.length];
  return text.slice(0, length);
}
