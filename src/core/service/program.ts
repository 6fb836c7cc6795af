/** Possible paths of a program, as execvp(3) searches for it. Pure. */
import { delimiter, join, resolve } from 'node:path';

/** Returns absolute paths, in the order in which they are tried. @param path PATH of the user that runs the program */
export function programCandidates(program: string, cwd: string, path: string): string[] {
  if (program.includes('/')) return [resolve(cwd, program)];
  return path.split(delimiter).map((dir) => join(dir === '' ? cwd : dir, program));
}
