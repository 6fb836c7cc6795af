/**
 * The FIFOs that children print to. A child holds its two open for reading and writing, so it never sees a
 * broken pipe: it lives on when this process dies, and what it prints meanwhile waits in the FIFO for the next
 * one. Named `{dir}/{service}-{id}.out` and `.err`; a few nameless ones are kept ready, since making one takes
 * a process (Node has no mkfifo) and a wake should not wait for it.
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

/** Two for each of so many starts at once. */
const SPARES = 16;
/** Making them takes a process, and one that starts needs the processor more. */
const REFILL_AFTER_MS = 1000;
const SPARE_PREFIX = '.spare-';

/** What reads a child's output. */
export interface OutputEnds {
  readonly stdout: Readable;
  readonly stderr: Readable;
}

/** For a new child: `childFds` go into its `stdio`, and are closed with `closeChildFds` once it has them. */
export interface NewOutput {
  readonly childFds: readonly [stdout: number, stderr: number];
  closeChildFds(): void;
  /** From now on they are an instance's, in the place of those that it had. @throws {Error} */
  assign(instance: InstanceName): OutputEnds;
  /** Removes those that are nobody's. */
  discard(): void;
}

export class Fifos {
  private readonly dir: string;
  private spares: string[] = [];
  private made = 0;
  private making: Promise<void> | null = null;
  private refilling: NodeJS.Timeout | null = null;

  /** @param dir made when it is first needed */
  constructor(dir: string) {
    this.dir = dir;
  }

  /** Fresh FIFOs, which are nobody's yet. @throws {Error} when they cannot be made */
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

  /** Those that an instance's process still holds; nothing comes from one that is gone. */
  reopen(instance: InstanceName): OutputEnds {
    const [stdout, stderr] = this.pathsOf(instance).map(openReaderIfThere);
    return { stdout: stdout ?? Readable.from([]), stderr: stderr ?? Readable.from([]) };
  }

  remove(instance: InstanceName): void {
    removeAll(this.pathsOf(instance));
  }

  /** Makes spare ones, for the first start to find. */
  async prepare(): Promise<void> {
    ensurePrivateDir(this.dir);
    this.removeSpares();
    await this.refill(2 * SPARES);
  }

  /** Removes the spare ones. */
  async close(): Promise<void> {
    if (this.refilling !== null) clearTimeout(this.refilling);
    await this.making?.catch(() => {});
    this.removeSpares();
  }

  /** Those of this process and of one that was killed. */
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
      // A failure shows when a start finds none.
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
    throw new TenementError('state_failed', `no FIFOs can be made in ${this.dir}: ${why}`);
  }
}

function openForChild(paths: readonly [string, string]): Pick<NewOutput, 'childFds' | 'closeChildFds'> {
  const opened: number[] = [];
  try {
    // For reading and writing: opening waits for nobody, and the child is never without a reader.
    for (const path of paths) opened.push(openSync(path, constants.O_RDWR));
    const [out = -1, err = -1] = opened;
    return { childFds: [out, err], closeChildFds: () => closeAll(opened) };
  } catch (error) {
    closeAll(opened);
    throw error;
  }
}

/** Ends when the last process that holds the other side is gone. */
function openReader(path: string): Readable {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  // Not a ReadStream: that would hold a thread of the pool in each read.
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
