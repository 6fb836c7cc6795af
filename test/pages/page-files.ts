/** The files that a page of the documentation tells its reader to write. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Reads the fenced blocks of a page that begin with their file's name in a comment, by name. */
export function filesOf(page: string): Map<string, string> {
  const blocks = readFileSync(join(ROOT, page), 'utf8').matchAll(
    /^```\w+\n((?:<\?php\n)?(?:#|\/\/) (\S+)\n.*?)^```/gms,
  );
  return new Map(Array.from(blocks, ([, text = '', name = '']) => [name, text]));
}

/** @returns the path of the file, written into `dir` as the page shows it */
export function writePageFile(page: string, name: string, dir: string): string {
  const text = filesOf(page).get(name);
  if (text === undefined) throw new Error(`${page} has no block that begins with the name ${name}`);
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

/** Reads the blocks of shell commands of a page, each as one text. */
export function shellBlocksOf(page: string): string[] {
  return Array.from(readFileSync(join(ROOT, page), 'utf8').matchAll(/^```sh\n(.*?)^```/gms), ([, text = '']) => text);
}
