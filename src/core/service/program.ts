/** Where a program may lie: as execvp(3) looks for it. Pure. */
import { delimiter, join, resolve } from 'node:path';

/** Absolute paths, in the order in which they are tried. `path`: the PATH of whoever runs it. */
export function programCandidates(program: string, cwd: string, path: string): string[] {
  if (program.includes('/')) return [resolve(cwd, program)];
  return path.split(delimiter).map((dir) => join(dir === '' ? cwd : dir, program));
}
