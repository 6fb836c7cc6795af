/**
 * Makes the files of an archive in an empty directory. Symbolic links are made last, so while files are made there is no
 * link that a name could lead through. Nothing is opened that exists already, so a name can be used once.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  ftruncateSync,
  futimesSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { leadsOut, modeProblem, nameProblem } from '../../core/archive/entry-rules.ts';
import type { Budget } from './budget.ts';
import { EntryRefusal } from './refusals.ts';
import { SparseMap } from './sparse-map.ts';

const NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** What the owner needs of a directory to make files in it. */
const OWN_RIGHTS = 0o700;
/** Links wait in memory. */
const MAX_LINK_BYTES = 64 * 1024 ** 2;

export interface NewEntry {
  /** Relative to the directory. */
  readonly name: Buffer;
  readonly mode: number;
  readonly mtime: Date;
}

export class NewFiles {
  private readonly dir: string;
  private readonly budget: Budget;
  private readonly keepsLinksOut: boolean;
  private readonly links: { readonly path: Buffer; readonly target: Buffer; readonly mtime: Date }[] = [];
  private linkBytes = 0;
  /** Directories that get their mode when all is in them. */
  private readonly closed: { readonly path: Buffer; readonly mode: number }[] = [];

  constructor(dir: string, budget: Budget, { keepsLinksOut }: { readonly keepsLinksOut: boolean }) {
    this.dir = dir;
    this.budget = budget;
    this.keepsLinksOut = keepsLinksOut;
  }

  /** @throws {EntryRefusal} */
  directory(entry: NewEntry): void {
    const path = this.pathOf(entry);
    make(() => mkdirSync(path, { mode: entry.mode | OWN_RIGHTS }));
    if ((entry.mode & OWN_RIGHTS) !== OWN_RIGHTS) this.closed.push({ path, mode: entry.mode });
  }

  /** @throws {EntryRefusal} */
  symbolicLink(entry: NewEntry, target: Buffer): void {
    if (!this.keepsLinksOut && leadsOut(entry.name.toString('latin1'), target.toString('latin1')))
      throw new EntryRefusal(`is a link that leads out of the directory, to ${String(target)}`);
    if (target.length === 0 || target.includes(0)) throw new EntryRefusal('is a link to nothing');
    const path = this.pathOf(entry);
    this.linkBytes += path.length + target.length;
    if (this.linkBytes > MAX_LINK_BYTES) throw new EntryRefusal('is one link too many');
    this.links.push({ path, target, mtime: entry.mtime });
  }

  /** Gives a file that was made before a further name. @param first relative to the directory. @throws {EntryRefusal} */
  furtherName(entry: NewEntry, first: Buffer): void {
    const problem = nameProblem(first.toString('latin1'));
    if (problem !== null) throw new EntryRefusal(`is a hard link to a file that ${problem}`);
    const from = this.absolute(first);
    const path = this.pathOf(entry);
    const stat = lstatSync(from, { throwIfNoEntry: false });
    if (stat?.isFile() !== true) throw new EntryRefusal('is a hard link to something that is no file of the archive');
    make(() => linkSync(from, path));
  }

  /** @param realSize of a file with holes; null: it has none. @throws {EntryRefusal} */
  async file(entry: NewEntry, contents: AsyncIterable<unknown>, realSize: number | null): Promise<void> {
    const path = this.pathOf(entry);
    const fd = make(() => openSync(path, NEW, 0o600));
    try {
      if (realSize === null) await this.fill(fd, contents);
      else await this.fillParts(fd, contents, realSize);
      fchmodSync(fd, entry.mode);
      futimesSync(fd, entry.mtime, entry.mtime);
    } finally {
      closeSync(fd);
    }
  }

  /** Makes the links, then closes directories. @throws {EntryRefusal} */
  finish(): void {
    for (const { path, target, mtime } of this.links) {
      make(() => symlinkSync(target, path));
      lutimesSync(path, mtime, mtime);
    }
    for (const { path, mode } of this.closed.reverse()) chmodSync(path, mode);
  }

  private async fill(fd: number, contents: AsyncIterable<unknown>): Promise<void> {
    for await (const chunk of contents as AsyncIterable<Uint8Array>) {
      this.budget.addContents(chunk.length);
      writeAll(fd, chunk, null);
    }
  }

  private async fillParts(fd: number, contents: AsyncIterable<unknown>, realSize: number): Promise<void> {
    const map = new SparseMap(realSize);
    let part = 0;
    let written = 0;
    for await (const chunk of contents as AsyncIterable<Uint8Array>) {
      let rest = chunk.subarray(map.isComplete ? 0 : map.take(chunk));
      while (rest.length > 0) {
        const to = map.parts[part];
        if (to === undefined) throw new EntryRefusal('has more data than its map of holes says');
        const now = rest.subarray(0, to.bytes - written);
        this.budget.addContents(now.length);
        writeAll(fd, now, to.offset + written);
        written += now.length;
        rest = rest.subarray(now.length);
        if (written === to.bytes) [part, written] = [part + 1, 0];
      }
    }
    if (!map.isComplete || map.parts.slice(part).some((left) => left.bytes > 0))
      throw new EntryRefusal('has less data than its map of holes says');
    ftruncateSync(fd, realSize);
  }

  /** @throws {EntryRefusal} */
  private pathOf({ name, mode }: NewEntry): Buffer {
    const problem = nameProblem(name.toString('latin1')) ?? modeProblem(mode);
    if (problem !== null) throw new EntryRefusal(problem);
    return this.absolute(name);
  }

  private absolute(name: Buffer): Buffer {
    return Buffer.concat([Buffer.from(`${this.dir}/`), name]);
  }
}

const FAULTS: Readonly<Record<string, string>> = {
  EEXIST: 'is there twice',
  ENOENT: 'is in a directory that the archive lacks',
  ENOTDIR: 'is below something that is no directory',
  ENAMETOOLONG: 'has a name that is too long',
};

/** @throws {EntryRefusal} when the archive is at fault */
function make<Value>(work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    const fault = FAULTS[(error as NodeJS.ErrnoException).code ?? ''];
    throw fault === undefined ? error : new EntryRefusal(fault);
  }
}

function writeAll(fd: number, bytes: Uint8Array, position: number | null): void {
  for (let done = 0; done < bytes.length; )
    done += writeSync(fd, bytes, done, bytes.length - done, position === null ? null : position + done);
}
