/** Looks at paths that somebody else has chosen. A path that may not be looked at counts as missing. */
import { lstatSync, type Stats, statSync } from 'node:fs';

/** Stats what a path leads to; undefined: nothing, or nothing that this user may see. */
export function lookAt(path: string): Stats | undefined {
  return quietly(() => statSync(path));
}

/** Stats the path itself, without following a symbolic link. */
export function lookAtName(path: string): Stats | undefined {
  return quietly(() => lstatSync(path));
}

export function isFile(path: string): boolean {
  return lookAt(path)?.isFile() === true;
}

/** Besides ENOENT, ENOTDIR and ELOOP this hides EACCES, which does not tell whether the file exists. */
function quietly(look: () => Stats): Stats | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
