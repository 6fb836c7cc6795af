/**
 * What an archive may hold. An archive comes from outside, so each entry is judged by its own name alone, and whatever could
 * reach beyond the directory is refused. Pure.
 */

/** Where the tenant's directory lies in an archive. */
export const DATA = 'data';
export const MANIFEST_NAME = 'manifest.json';
export const SECRETS_NAME = 'secrets.json';
/** The last entry. An archive without it was cut off. */
export const END_NAME = 'end.json';

/** Linux: limits.h. */
const MAX_PATH_BYTES = 4095;
const MAX_NAME_BYTES = 255;

/** Returns what is wrong with the name of an entry below `data/`, or null. @param name relative to `data/` */
export function nameProblem(name: string): string | null {
  if (name.startsWith('/')) return 'has an absolute name';
  if (name.includes('\0')) return 'has a NUL in its name';
  const parts = name.split('/');
  if (parts.includes('..')) return 'has `..` in its name';
  if (parts.some((part) => part === '' || part === '.')) return 'has an empty part in its name';
  if (byteLength(name) > MAX_PATH_BYTES || parts.some((part) => byteLength(part) > MAX_NAME_BYTES))
    return 'has a name that is too long';
  return null;
}

/**
 * Whether a symbolic link may lead out of the directory that its own name is relative to. `..` counts only at the
 * beginning of a target, where it leaves real directories: behind another link it could lead anywhere.
 */
export function leadsOut(name: string, target: string): boolean {
  if (target.startsWith('/') || target === '') return true;
  const parts = target.split('/').filter((part) => part !== '' && part !== '.');
  const firstName = parts.findIndex((part) => part !== '..');
  const ups = firstName === -1 ? parts.length : firstName;
  if (parts.slice(ups).includes('..')) return true;
  return ups > name.split('/').length - 1;
}

/** Mode bits by which a program runs as another user or group. */
const SET_ID = 0o6000;

/** Returns what is wrong with the mode of a file, or null. */
export function modeProblem(mode: number): string | null {
  return (mode & SET_ID) === 0 ? null : 'has a setuid or setgid bit';
}

/** Names of bytes that are no UTF-8 are read as latin1, where each character is one byte. */
function byteLength(text: string): number {
  let bytes = 0;
  for (const character of text) bytes += utf8Bytes(character.codePointAt(0) ?? 0);
  return bytes;
}

function utf8Bytes(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x1_0000 ? 3 : 4;
}
