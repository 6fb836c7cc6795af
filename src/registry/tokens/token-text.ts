/**
 * The text of a token: `ten_`, 43 random characters with 256 bits, and a checksum of 6, so that a token that was mistyped
 * or cut off is recognised without a lookup, as scanners for leaked secrets recognise one in a file.
 */
import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const PREFIX = 'ten_';
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 62^43 > 2^256. */
const RANDOM_LENGTH = 43;
/** 62^6 > 2^32. */
const CHECKSUM_LENGTH = 6;

export function newTokenText(): string {
  const random = base62(BigInt(`0x${randomBytes(32).toString('hex')}`), RANDOM_LENGTH);
  return PREFIX + random + checksumOf(PREFIX + random);
}

/** Whether a text was meant as a token of this form, and is none. */
export function isMistyped(text: string): boolean {
  if (!text.startsWith(PREFIX)) return false;
  const body = text.slice(0, -CHECKSUM_LENGTH);
  return body.length !== PREFIX.length + RANDOM_LENGTH || text !== body + checksumOf(body);
}

function checksumOf(text: string): string {
  return base62(BigInt(crc32(text)), CHECKSUM_LENGTH);
}

function base62(number: bigint, length: number): string {
  let rest = number;
  let text = '';
  while (text.length < length) {
    text = DIGITS[Number(rest % 62n)] + text;
    rest /= 62n;
  }
  return text;
}
