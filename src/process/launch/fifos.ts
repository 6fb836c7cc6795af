/**
 * The FIFOs that children print to, `{dir}/{service}-{id}.out` and `.err`. A child holds both of its FIFOs open for
 * reading and writing, so it never sees a broken pipe: it outlives the server, and its output waits in the FIFO for the
 * next server. Making a FIFO takes a process (Node has no mkfifo), so a few unnamed spares are kept ready for the next
 * wake.
 */
import { closeSync, constants, lstatSync, mkdirSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { execa } from 'execa';
import { type InstanceName, parseInstanceName } from '../../core/lifecycle/instance.ts';
import { TenementError } from '../../errors.ts';
import { requiredProgram } from '../isolation/host/programs.ts';
import { ensurePrivateDir } from '../storage/directories.ts';

/** How many starts at once find spares ready; each takes two. */
const SPARES = 16;
/** Making spares takes a process; a tenant that starts needs the processor first. */
const REFILL_AFTER_MS = 1000;
const SPARE_PREFIX = '.spare-';

/** The reading ends of a child's output. */
export interface OutputEnds {
  readonly stdout: Readable;
  readonly stderr: Readable;
}

/** FIFOs for a new child. Its `stdio` takes `childFds`; `closeChildFds` closes them once the child has them. */
export interface NewOutput {
  readonly childFds: readonly [stdout: number, stderr: number];
  closeChildFds(): void;
  /** Gives the FIFOs to an instance, in place of those that it had. @throws {Error} when a rename fails */
  assign(instance: InstanceName): OutputEnds;
  /** Removes FIFOs that no instance was given. */
  discard(): void;
}

export class Fifos {
  private readonly dir: string;
  private spares: string[] = [];
  private made = 0;
  private making: Promise<void> | null = null;
  private refilling: NodeJS.Timeout | null = null;

  /** @param dir created when it is first needed */
  constructor(dir: string) {
    this.dir = dir;
  }

  /** Makes FIFOs that belong to no instance yet. @throws {TenementError} `state_failed` when they cannot be made */
  async create(): Promise<NewOutput> {
    const spares = await this.takeSpares();
    return {
      ...openForChild(spares),
      assign: (instance) => this.assign(spares, instance),
      discard: () => removeAll(spares),
    };
  }

  private assign(spares: readonly [string, string], instance: InstanceName): OutputEnds {
    const paths = this.pathsOf(instance);
    renameSync(spares[0], paths[0]);
    renameSync(spares[1], paths[1]);
    return { stdout: openReader(paths[0]), stderr: openReader(paths[1]) };
  }

  /** Opens the FIFOs that an instance's process still holds. A missing FIFO reads as empty. */
  reopen(instance: InstanceName): OutputEnds {
    const [stdout, stderr] = this.pathsOf(instance).map(openReaderIfThere);
    return { stdout: stdout ?? Readable.from([]), stderr: stderr ?? Readable.from([]) };
  }

  remove(instance: InstanceName): void {
    removeAll(this.pathsOf(instance));
  }

  /** Makes spares for the first start. */
  async prepare(): Promise<void> {
    ensurePrivateDir(this.dir);
    this.removeSpares();
    await this.refill(2 * SPARES);
  }

  /** Removes the spares. */
  async close(): Promise<void> {
    if (this.refilling !== null) clearTimeout(this.refilling);
    await this.making?.catch(() => {});
    this.removeSpares();
  }

  /** Removes the spares of this process and of an earlier one that was killed. */
  private removeSpares(): void {
    this.spares = [];
    const spares = listDir(this.dir).filter((name) => name.startsWith(SPARE_PREFIX));
    removeAll(spares.map((name) => join(this.dir, name)));
  }

  private pathsOf(instance: InstanceName): [stdout: string, stderr: string] {
    const { service, tenantId } = parseInstanceName(instance);
    const base = join(this.dir, `${service}-${tenantId}`);
    return [`${base}.out`, `${base}.err`];
  }

  private async takeSpares(): Promise<[stdout: string, stderr: string]> {
    while (this.spares.length < 2) await this.refill(2 * SPARES);
    const [stdout = '', stderr = ''] = this.spares.splice(0, 2);
    if (this.spares.length < SPARES) this.refillLater();
    return [stdout, stderr];
  }

  private refillLater(): void {
    this.refilling ??= setTimeout(() => {
      this.refilling = null;
      // The next start that finds no spare reports the failure.
      void this.refill(SPARES).catch(() => {});
    }, REFILL_AFTER_MS).unref();
  }

  private refill(count: number): Promise<void> {
    this.making ??= this.make(count).finally(() => {
      this.making = null;
    });
    return this.making;
  }

  private async make(count: number): Promise<void> {
    const names = Array.from({ length: count }, () => {
      this.made += 1;
      return join(this.dir, `${SPARE_PREFIX}${this.made}`);
    });
    mkdirSync(this.dir, { recursive: true, mode: 0o700 });
    const options = { reject: false, cleanup: false } as const;
    const { failed, stderr, shortMessage } = await execa(requiredProgram('mkfifo'), ['-m', '600', ...names], options);
    if (!failed) return void this.spares.push(...names);
    const why = stderr.split('\n')[0] || shortMessage;
    throw new TenementError('state_failed', `no FIFOs can be created in ${this.dir}: ${why}`);
  }
}

function openForChild(paths: readonly [string, string]): Pick<NewOutput, 'childFds' | 'closeChildFds'> {
  const opened: number[] = [];
  try {
    // Opened for reading and writing, so that opening never blocks and the child always has a reader.
    for (const path of paths) opened.push(openSync(path, constants.O_RDWR));
    const [out = -1, err = -1] = opened;
    return { childFds: [out, err], closeChildFds: () => closeAll(opened) };
  } catch (error) {
    closeAll(opened);
    throw error;
  }
}

/** The reader ends when the last process that holds the other side is gone. */
function openReader(path: string): Readable {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  // A ReadStream would occupy a thread of the pool for each read.
  return new Socket({ fd, readable: true, writable: false });
}

function openReaderIfThere(path: string): Readable | null {
  return lstatSync(path, { throwIfNoEntry: false })?.isFIFO() ? openReader(path) : null;
}

function closeAll(fds: number[]): void {
  for (const fd of fds.splice(0)) closeSync(fd);
}

function removeAll(paths: readonly string[]): void {
  for (const path of paths) rmSync(path, { force: true });
}

function listDir(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}
