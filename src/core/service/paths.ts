/** Absolute paths without `.`, `..` and symbolic links. Pure. */
import { dirname } from 'node:path';

/** Whether a path is the directory, or inside it. */
export function isWithin(path: string, dir: string): boolean {
  return path === dir || dir === '/' || path.startsWith(`${dir}/`);
}

export function isWithinAny(path: string, dirs: Iterable<string>): boolean {
  for (const dir of dirs) if (isWithin(path, dir)) return true;
  return false;
}

/** Returns how many directories below the root contain it. */
export function depthOf(path: string): number {
  return path === '/' ? 0 : path.split('/').length - 1;
}

/** Returns the path, its directory, and so on up to the root. */
export function upwards(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [path, ...upwards(parent)];
}
