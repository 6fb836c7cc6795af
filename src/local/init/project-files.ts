/** The files of a directory on this machine, for the detection of an application. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ProjectFiles } from './application.ts';

/** No file that tells what an application is has more. */
const MAX_BYTES = 1024 ** 2;

export function projectFiles(dir: string): ProjectFiles {
  return {
    name: basename(dir),
    entries: namesIn(dir),
    list: (path) => namesIn(join(dir, path)),
    read: (path) => textOf(join(dir, path)),
  };
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function textOf(file: string): string | null {
  try {
    const { size } = statSync(file);
    return size > MAX_BYTES ? null : readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
