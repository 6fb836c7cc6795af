/** Files with keys. */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { TenementError } from '../errors.ts';
import { type MasterKey, newKeyText, parseKey } from './master-key.ts';

/** Longer than any form of a key. */
const MAX_BYTES = 1024;

/** Which permission bits make a key file unusable: those of others, for `private` ones also those of a group. */
const TOO_OPEN = { private: 0o077, credential: 0o007 } as const;

/**
 * Reads a key that only the server's user, and root, may read. systemd gives a service access to its credentials by a group's
 * permission bits, in a directory of the service's own.
 * @returns null when there is no such file
 * @throws {TenementError} `secrets_locked`
 */
export function readKey(path: string, kind: keyof typeof TOO_OPEN): MasterKey | null {
  const fd = open(path);
  if (fd === null) return null;
  try {
    assertPrivate(path, fd, TOO_OPEN[kind]);
    const key = parseKey(readFileSync(fd));
    if (key !== null) return key;
  } finally {
    closeSync(fd);
  }
  throw unusable(path, 'it holds no key: 32 bytes in hex or base64');
}

/** Writes a new key, which is on disk on return. A file that is there is never replaced. @throws {TenementError} `secrets_locked` */
export function createKey(path: string): void {
  const draft = `${path}.new`;
  try {
    rmSync(draft, { force: true });
    const fd = openSync(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      writeFileSync(fd, newKeyText());
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(draft, path);
    syncDir(dirname(path));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TenementError('secrets_locked', `no key can be made for secrets: ${why}`, {
      hint: 'Check that the state directory is writable and has free space.',
      cause: error,
    });
  }
}

/** Puts a key in the place of another in one step, which is on disk on return. @throws {TenementError} `secrets_locked` */
export function replaceKey(from: string, to: string): void {
  try {
    renameSync(from, to);
    syncDir(dirname(to));
  } catch (error) {
    throw unusable(from, `it cannot be renamed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The rename of a file is on disk when its directory is. */
function syncDir(dir: string): void {
  const fd = openSync(dir, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function open(path: string): number | null {
  try {
    // Opening a FIFO without a writer would block.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw unusable(path, code === 'ELOOP' ? 'it is a symbolic link' : `it cannot be read (${code ?? message})`);
  }
}

function assertPrivate(path: string, fd: number, tooOpen: number): void {
  const stat = fstatSync(fd);
  const { uid, mode, size } = stat;
  const own = process.getuid?.() ?? uid;
  if (!stat.isFile()) throw unusable(path, 'it is not a regular file');
  if (uid !== own && uid !== 0) throw unusable(path, `it belongs to user ${uid}`, `chown ${own} ${path}`);
  if ((mode & tooOpen) !== 0) {
    const shown = (mode & 0o7777).toString(8).padStart(4, '0');
    throw unusable(path, `its mode ${shown} lets others read it`, `chmod 600 ${path}`);
  }
  if (size > MAX_BYTES) throw unusable(path, `it has ${size} bytes, and a key has 32`);
}

function unusable(path: string, why: string, remedy?: string): TenementError {
  const hint =
    remedy === undefined
      ? {}
      : { hint: `Run \`${remedy}\`. Others may have read the key; \`tenement secret rekey\` replaces it.` };
  return new TenementError('secrets_locked', `the key of the secrets, ${path}, cannot be used: ${why}`, hint);
}
