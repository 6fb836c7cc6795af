/** Reads a file of secrets that the config names. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

const MAX_BYTES = 16 * 1024;
/** Permission bits of others, and of a group that may write. */
const TOO_OPEN = 0o027;

export type SecretText =
  | { readonly ok: true; readonly text: string }
  /** What is wrong with the file, after its name: "there is no such file". */
  | { readonly ok: false; readonly problem: string };

/** Reads the file, if only its owner and its group may. */
export function readSecretFile(path: string): SecretText {
  try {
    // Opening a FIFO without a writer would block.
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const problem = problemOf(fd);
      return problem === null ? { ok: true, text: readFileSync(fd, 'utf8') } : { ok: false, problem };
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    return { ok: false, problem: unreadable(error as NodeJS.ErrnoException) };
  }
}

function problemOf(fd: number): string | null {
  const stat = fstatSync(fd);
  if (!stat.isFile()) return 'it is not a regular file';
  if (stat.size > MAX_BYTES) return `it has ${stat.size} bytes, more than ${MAX_BYTES}`;
  if ((stat.mode & TOO_OPEN) === 0) return null;
  const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
  return `its mode ${mode} gives other users access; run: chmod 600`;
}

function unreadable({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such file';
  if (code === 'EACCES') return 'this user may not read it (EACCES)';
  return `it cannot be read (${code ?? message})`;
}
