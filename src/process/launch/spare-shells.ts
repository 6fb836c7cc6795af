/**
 * Shells that wait to become a child. A fork copies the page tables of this process and holds up everything else in it,
 * and a shell takes a moment to start: some are made when it is quiet, each in a session of its own, with its FIFOs
 * open, unable to gain privileges, reading its commands from us. One that is never told anything ends with us.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { execa } from 'execa';
import type { Cover } from './descriptors.ts';
import type { Fifos, NewOutput } from './fifos.ts';
import { SHELL } from './wrapper.ts';

const SPARES = 4;
/** Making one takes the processor for some milliseconds, and a process that starts needs it more. */
const REFILL_AFTER_MS = 250;

export interface Shell {
  readonly process: ChildProcess;
  readonly pid: number;
  /** Its stdout and stderr. */
  readonly output: NewOutput;
  /** Gives it all that it is to do. */
  run(script: string): void;
  /** Ends one that was given nothing, and removes its FIFOs; settles when it is gone. */
  discard(): Promise<void>;
}

export class SpareShells {
  private readonly fifos: Pick<Fifos, 'create'>;
  private readonly cover: Cover;
  private spares: Shell[] = [];
  private refilling: NodeJS.Timeout | null = null;
  private making: Promise<void> | null = null;
  private closed = false;

  /** @param cover of each; closed with the last of them */
  constructor(fifos: Pick<Fifos, 'create'>, cover: Cover) {
    this.fifos = fifos;
    this.cover = cover;
  }

  /** One that nobody else has. @throws {Error} with a sentence for a person when none can be made */
  async take(): Promise<Shell> {
    const spare = this.spares.shift();
    this.refillLater();
    if (spare === undefined) return this.make();
    if (!isAlive(spare.process)) return this.take();
    spare.process.ref();
    return spare;
  }

  /** Has some made soon. */
  refillLater(): void {
    if (this.closed || this.spares.length >= SPARES) return;
    this.refilling ??= setTimeout(() => {
      this.making = this.refill();
    }, REFILL_AFTER_MS).unref();
  }

  /** Ends those that nobody took, also one that is being made; settles when they are gone. */
  async close(): Promise<void> {
    this.closed = true;
    if (this.refilling !== null) clearTimeout(this.refilling);
    await this.making;
    await Promise.all(this.spares.splice(0).map((spare) => spare.discard()));
    this.cover.close();
  }

  /** One at a time: the others wait for the next turn. A failure shows when a start finds none. */
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
    // What covers is closed, and its number may be another file's by now.
    if (this.closed) {
      output.closeChildFds();
      output.discard();
      throw new Error('no process is started any more: the server is stopping');
    }
    const subprocess = execa(SHELL.file, SHELL.args, {
      cwd: '/',
      env: {},
      extendEnv: false,
      // A session and group of its own, so that all it starts can be signalled as one.
      detached: true,
      // execa takes any descriptor, its types name only 3 to 9.
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
    // One that is gone tells by its exit.
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
