/** Finds the program of a hook. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The directory of this package: `src` and `dist` lie in it. */
const PACKAGE_DIR = packageDir();
const OF_PACKAGE = 'hooks/';

/** Returns the path of a program that is named with a `/`; one of the package where the config has none below `hooks/`. */
export function hookProgram(program: string, workdir: string): string {
  if (!program.includes('/')) return program;
  const beside = resolve(workdir, program);
  if (!program.startsWith(OF_PACKAGE) || existsSync(beside)) return beside;
  const packaged = join(PACKAGE_DIR, program);
  return existsSync(packaged) ? packaged : beside;
}

function packageDir(): string {
  let dir = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(dir, 'package.json')) && dir !== '/') dir = dirname(dir);
  return dir;
}
