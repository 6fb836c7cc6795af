/**
 * Copies of SQLite databases by SQLite's own backup, which is consistent whoever writes. With a write-ahead log, writers are
 * not delayed; with a rollback journal they wait, as for any reader.
 */
import { closeSync, constants, fstatSync, openSync, readSync, rmSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { loadExperimental } from '../../node/experimental.ts';
import type { Found } from './walk.ts';

/** The first bytes of each database (sqlite.org/fileformat.html, 1.3). */
const HEADER = Buffer.from('SQLite format 3\0');
const MIN_PAGE_BYTES = 512;
/** Files that belong to a database, and mean nothing beside a copy of it. */
const COMPANIONS = ['-wal', '-shm', '-journal'];
/** How long a writer may keep a database locked. */
const LOCK_WAIT_MS = 10_000;
/** All pages in one step: a copy in steps begins anew whenever somebody writes between two of them. */
const WHOLE = 2 ** 31 - 1;
/** SQLITE_BUSY, SQLITE_LOCKED and SQLITE_FULL (sqlite3.h). */
const FATAL_CODES: Readonly<Record<number, string>> = {
  5: 'is locked by a writer',
  6: 'is locked by a writer',
  13: 'cannot be copied: no space is left',
};

/** Whether it has the name of a file that belongs to a database, if that is beside it. */
export function mayBeCompanion(name: Buffer): boolean {
  return COMPANIONS.some((ending) => name.toString('latin1').endsWith(ending));
}

/** A database that nobody can copy consistently now. */
class DatabaseError extends Error {}

export class Databases {
  private readonly dir: string;
  private readonly copies = new Map<string, string>();
  private readonly companions = new Set<string>();

  /** @param dir where the copies are put */
  constructor(dir: string) {
    this.dir = dir;
  }

  /** Returns the copy that stands for a file; undefined: the file stands for itself. */
  copyOf(name: Buffer): string | undefined {
    return this.copies.get(keyOf(name));
  }

  /** Whether a file belongs to a database that was copied. */
  isCompanion(name: Buffer): boolean {
    return this.companions.has(keyOf(name));
  }

  /**
   * Copies a file if it is a database. Returns why one is left as it is, such as that it is damaged; null otherwise.
   * @throws {DatabaseError}
   */
  async take({ path, name, stat }: Found): Promise<string | null> {
    if (!isDatabase(path, stat)) return null;
    const copy = join(this.dir, `${this.copies.size}.db`);
    const failure = await copied(path, copy, String(name));
    if (failure !== null) {
      rmSync(copy, { force: true });
      return failure;
    }
    this.copies.set(keyOf(name), copy);
    for (const companion of COMPANIONS) this.companions.add(keyOf(name) + companion);
    return null;
  }
}

/** Each byte becomes one character, so that different names stay different. */
function keyOf(name: Buffer): string {
  return name.toString('latin1');
}

function isDatabase(path: Buffer, { size }: Stats): boolean {
  if (size === 0 || size % MIN_PAGE_BYTES !== 0) return false;
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const head = Buffer.alloc(HEADER.length);
      return fstatSync(fd).isFile() && readSync(fd, head, 0, head.length, 0) === head.length && head.equals(HEADER);
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}

/**
 * Returns why it cannot be copied as a database; null: it was. One without a shared memory file, or with a journal to roll
 * back, has to be opened for writing. @throws {DatabaseError}
 */
async function copied(path: Buffer, copy: string, shown: string): Promise<string | null> {
  let failure: unknown = null;
  for (const readOnly of [true, false]) {
    try {
      await backup(path, copy, readOnly);
      return null;
    } catch (error) {
      failure = error;
      const fatal = FATAL_CODES[Number((error as { errcode?: number }).errcode) & 0xff];
      if (fatal !== undefined) throw new DatabaseError(`the database ${shown} ${fatal}`);
    }
  }
  return `is copied as a file, because SQLite cannot read it: ${(failure as Error).message}`;
}

async function backup(path: Buffer, copy: string, readOnly: boolean): Promise<void> {
  const sqlite = loadExperimental('node:sqlite');
  const database = new sqlite.DatabaseSync(path, { readOnly, timeout: LOCK_WAIT_MS });
  try {
    await sqlite.backup(database, copy, { rate: WHOLE });
  } finally {
    database.close();
  }
}
