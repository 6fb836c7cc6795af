/** Finds the program of a hook. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { packageFile } from './package-files.ts';

const OF_PACKAGE = 'hooks/';

/** Returns the path of a program that is named with a `/`; one of the package where the config has none below `hooks/`. */
export function hookProgram(program: string, workdir: string): string {
  if (!program.includes('/')) return program;
  const beside = resolve(workdir, program);
  if (!program.startsWith(OF_PACKAGE) || existsSync(beside)) return beside;
  return packageFile(program) ?? beside;
}
