/** Looks at paths that somebody else has chosen. What may not be looked at is as good as not there. */
import { lstatSync, type Stats, statSync } from 'node:fs';

/** What a path leads to; undefined: nothing, or nothing that this user may see. */
export function lookAt(path: string): Stats | undefined {
  return quietly(() => statSync(path));
}

/** The same, of a symbolic link itself. */
export function lookAtName(path: string): Stats | undefined {
  return quietly(() => lstatSync(path));
}

export function isFile(path: string): boolean {
  return lookAt(path)?.isFile() === true;
}

/** In a directory that this user may not enter nothing can be told apart from nothing (EACCES), beside ENOENT, ENOTDIR, ELOOP. */
function quietly(look: () => Stats): Stats | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
