/**
 * Shells that wait to become a child. Forking copies the page tables of this process and blocks everything else in it,
 * and a shell takes a moment to start. So some are started ahead when the server is quiet, each in a session of its
 * own, with its FIFOs open, unable to gain privileges, reading its script from the server. A shell that gets no script
 * ends with the server.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { execa } from 'execa';
import type { DescriptorCover } from './descriptors.ts';
import type { Fifos, NewOutput } from './fifos.ts';
import { SHELL } from './wrapper.ts';

const SPARES = 4;
/** Starting a shell takes some milliseconds of processor time, which a starting tenant needs first. */
const REFILL_AFTER_MS = 250;

export interface Shell {
  readonly process: ChildProcess;
  readonly pid: number;
  /** Its stdout and stderr. */
  readonly output: NewOutput;
  /** Gives the shell its whole script. */
  run(script: string): void;
  /** Ends a shell that was given no script and removes its FIFOs; settles when it is gone. */
  discard(): Promise<void>;
}

export class SpareShells {
  private readonly fifos: Pick<Fifos, 'create'>;
  private readonly cover: DescriptorCover;
  private spares: Shell[] = [];
  private refilling: NodeJS.Timeout | null = null;
  private making: Promise<void> | null = null;
  private closed = false;

  /** @param cover is part of each shell's `stdio`, and is closed with the last shell */
  constructor(fifos: Pick<Fifos, 'create'>, cover: DescriptorCover) {
    this.fifos = fifos;
    this.cover = cover;
  }

  /** Takes a shell for one child. @throws {Error} with a sentence for a person when none can be made */
  async take(): Promise<Shell> {
    const spare = this.spares.shift();
    this.refillLater();
    if (spare === undefined) return this.make();
    if (!isAlive(spare.process)) return this.take();
    spare.process.ref();
    return spare;
  }

  /** Starts further shells soon. */
  refillLater(): void {
    if (this.closed || this.spares.length >= SPARES) return;
    this.refilling ??= setTimeout(() => {
      this.making = this.refill();
    }, REFILL_AFTER_MS).unref();
  }

  /** Ends all shells that nobody took, also one that is being started; settles when they are gone. */
  async close(): Promise<void> {
    this.closed = true;
    if (this.refilling !== null) clearTimeout(this.refilling);
    await this.making;
    await Promise.all(this.spares.splice(0).map((spare) => spare.discard()));
    this.cover.close();
  }

  /** Starts one shell, then schedules the next. The next start that finds no shell reports a failure. */
  private async refill(): Promise<void> {
    const spare = await this.make().catch(() => null);
    this.refilling = null;
    if (spare === null) return;
    spare.process.unref();
    if (this.closed) return spare.discard();
    this.spares.push(spare);
    this.refillLater();
  }

  private async make(): Promise<Shell> {
    const output = await this.fifos.create();
    // The cover is closed, and its descriptor's number may belong to another file by now.
    if (this.closed) {
      output.closeChildFds();
      output.discard();
      throw new Error('no process is started any more: the server is stopping');
    }
    const subprocess = execa(SHELL.file, SHELL.args, {
      cwd: '/',
      env: {},
      extendEnv: false,
      // A session and process group of its own, so that all its processes can be signalled together.
      detached: true,
      // execa accepts any descriptor; its types name only 3 to 9.
      stdio: ['pipe', ...(output.childFds as readonly [9, 9]), ...(this.cover.stdio as readonly ('ignore' | 9)[])],
      cleanup: false,
      buffer: false,
      reject: false,
    });
    output.closeChildFds();
    const { pid, stdin, nodeChildProcess } = subprocess;
    if (pid === undefined) {
      output.discard();
      const { code, originalMessage } = await subprocess;
      throw new Error(`could not run ${SHELL.file}: ${originalMessage ?? code ?? 'unknown reason'}`);
    }
    // Its exit tells that the shell has ended.
    stdin.on('error', () => {});
    const run = (script: string) => void stdin.end(script);
    return { process: nodeChildProcess, pid, output, run, discard: () => discard(nodeChildProcess, stdin, output) };
  }
}

function isAlive({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

async function discard(process: ChildProcess, stdin: Writable, output: NewOutput): Promise<void> {
  process.ref();
  const gone = isAlive(process) ? once(process, 'exit') : null;
  stdin.end();
  await gone;
  output.discard();
}
