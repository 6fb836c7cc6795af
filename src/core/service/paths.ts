/** Of absolute paths without `.`, `..` and links. Pure. */
import { dirname } from 'node:path';

/** Whether it is that directory or lies in it. */
export function isWithin(path: string, dir: string): boolean {
  return path === dir || dir === '/' || path.startsWith(`${dir}/`);
}

export function isWithinAny(path: string, dirs: Iterable<string>): boolean {
  for (const dir of dirs) if (isWithin(path, dir)) return true;
  return false;
}

/** How many directories it lies in, below the root. */
export function depthOf(path: string): number {
  return path === '/' ? 0 : path.split('/').length - 1;
}

/** The path, the directory that it lies in, and so on up to the root. */
export function upwards(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [path, ...upwards(parent)];
}
