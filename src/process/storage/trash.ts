/**
 * Deletes what a tenant could write to. A tenant decides how many files there are and how deep they lie, so this
 * process never walks them: one rename(2) moves them away, and rm(1) deletes them in a child process, one entry after
 * another. The next server deletes what is left when this one ends.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, lstatSync, renameSync, rmdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Logger } from '../../logger.ts';
import { BackgroundShell, type ShellAnswer, within } from '../launch/background-shell.ts';
import { quoted } from '../launch/wrapper.ts';
import { ensurePrivateDir, isOurDir } from './directories.ts';

/** Behind serving processes. At the lowest priority, 19, a busy machine would not get to it within an hour. */
const NICENESS = 10;
/** Time-out for one entry. Two million files take a minute on an idle machine. */
const TIMEOUT_MS = 600_000;
/** How long the end of the server waits for the remaining entries; mostly there are few. */
const CLOSE_WAIT_MS = 1000;
/** A process that still writes there may make rm(1) fail. */
const TRIES = 2;
/** Length of the original name that is kept; a random suffix makes it unique. */
const NAME_LENGTH = 130;
/**
 * The most that a directory takes which never held many entries. Finding out whether such a directory is empty is
 * cheap.
 */
const SMALL_DIR_BYTES = 64 * 1024;

interface DiscardedPath {
  readonly path: string;
  readonly tries: number;
}

export interface TrashOptions {
  readonly logger: Logger;
  /** Default: 10 minutes. */
  readonly timeoutMs?: number;
}

export class Trash {
  private readonly logger: Logger;
  private readonly timeoutMs: number;
  private readonly queue: DiscardedPath[] = [];
  /** Entries that are being deleted, or could not be. */
  private readonly known = new Set<string>();
  private readonly swept = new Set<string>();
  private shell: BackgroundShell | null = null;
  private working: Promise<void> | null = null;
  private closed = false;

  constructor({ logger, timeoutMs = TIMEOUT_MS }: TrashOptions) {
    this.logger = logger;
    this.timeoutMs = timeoutMs;
  }

  /** Starts the shell ahead, so that the first discard needs no fork of this process. */
  prepare(): void {
    this.shell ??= new BackgroundShell({ niceness: NICENESS });
  }

  /** Like `discard`, but removes an empty directory at once. Does nothing for a missing path. @throws {Error} */
  clear(path: string, place: string): void {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return;
    if (stat.isDirectory() && stat.size <= SMALL_DIR_BYTES && isRemoved(path)) return;
    this.discard(path, place);
  }

  /**
   * Moves whatever is at `path` away and has it deleted; of a symbolic link only the link.
   * @param place a directory of the server's own on the same file system, created if need be
   * @throws {Error} EXDEV, EBUSY and others of rename(2); the file is then where it was
   */
  discard(path: string, place: string): void {
    if (!isOurDir(dirname(place))) throw new Error(`${dirname(place)} is not the server's own`);
    ensurePrivateDir(place);
    this.sweep(place);
    const aside = join(place, `${basename(path).slice(0, NAME_LENGTH)}.${randomBytes(6).toString('hex')}`);
    moveAside(path, aside);
    this.delete(aside);
  }

  /**
   * Deletes in the background what an earlier server left in a place. Does nothing when repeated, or for a missing
   * place.
   */
  sweep(place: string): void {
    if (this.swept.has(place)) return;
    this.swept.add(place);
    // In a directory that others write to, it could be a link to anywhere.
    if (!isOurDir(dirname(place)) || !isOurDir(place)) return;
    void readdir(place).then(
      (names) => {
        // A process that outlived the earlier server has emptied it.
        if (names.length === 0) isRemoved(place);
        for (const path of names.map((name) => join(place, name))) if (!this.known.has(path)) this.delete(path);
      },
      () => {},
    );
  }

  /** Settles when nothing is left to delete. */
  async settled(): Promise<void> {
    while (this.working !== null) await this.working;
  }

  /** Waits up to a second for the remaining entries; the next server deletes the rest. */
  async close(): Promise<void> {
    await within(CLOSE_WAIT_MS, this.settled());
    this.closed = true;
    this.queue.length = 0;
    this.shell?.kill();
    this.shell = null;
  }

  private delete(path: string): void {
    if (this.closed) return;
    this.known.add(path);
    this.queue.push({ path, tries: 0 });
    this.working ??= this.work().finally(() => {
      this.working = null;
    });
  }

  private async work(): Promise<void> {
    for (let entry = this.queue.shift(); entry !== undefined; entry = this.queue.shift()) {
      const failure = await this.remove(entry.path);
      if (this.closed) return;
      if (failure === null) this.forget(entry.path);
      else if (entry.tries + 1 < TRIES) this.queue.push({ ...entry, tries: entry.tries + 1 });
      else
        this.logger.warn({ path: entry.path, reason: failure }, 'not deleted; will be tried again at the next start');
    }
  }

  private forget(path: string): void {
    this.known.delete(path);
    isRemoved(dirname(path));
  }

  /** Returns why the path still exists; null when it is gone. */
  private async remove(path: string): Promise<string | null> {
    if (this.shell === null || this.shell.ended) this.shell = new BackgroundShell({ niceness: NICENESS });
    const answer = await within(this.timeoutMs, this.shell.run(removalOf(path)));
    if (answer !== 'late') return failureOf(answer);
    this.shell.kill();
    this.shell = null;
    return `not done within ${this.timeoutMs / 1000} s`;
  }
}

/**
 * Builds the command. Its status tells whether the path is gone, its output the first reasons why not. GNU rm(1) works
 * by descriptors and never follows a link, at any depth. A directory that its owner may not enter stops only a server
 * that is not root.
 */
function removalOf(path: string): string {
  const word = quoted(path);
  const remove = `rm -rf --one-file-system -- ${word}`;
  const open = process.getuid?.() === 0 ? '' : `chmod -R u+rwx -- ${word} 2>/dev/null; `;
  const isThere = `[ -e ${word} ] || [ -L ${word} ]`;
  return `${remove} 2>/dev/null || { ${open}${remove} 2>&1 | sed -n 1,3p; }; ! { ${isThere}; }`;
}

function failureOf(answer: ShellAnswer | null): string | null {
  if (answer === null) return 'its shell was ended';
  return answer.status === 0 ? null : answer.lines.join('; ') || 'rm has not deleted it';
}

/** Moving a directory to another parent needs write permission on the directory itself. */
function moveAside(path: string, aside: string): void {
  try {
    renameSync(path, aside);
  } catch (error) {
    const closed = (error as NodeJS.ErrnoException).code === 'EACCES' && lstatSync(path).isDirectory();
    if (!closed) throw error;
    chmodSync(path, 0o700);
    renameSync(path, aside);
  }
}

function isRemoved(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch {
    return false;
  }
}
