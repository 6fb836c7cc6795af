/** The parts of its process that a command may use, so that tests can replace them. */
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import type { Writable } from 'node:stream';
import { readSecret } from '../secret-input.ts';
import { terminalJson } from './terminal-text.ts';

export interface CliIo {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly env: NodeJS.ProcessEnv;
  /** Whether stdout supports colours. */
  readonly color: boolean;
  /** Whether a person reads stdout directly. */
  readonly isTerminal: boolean;
  /** Asks the person at the terminal; null without one. */
  readonly ask: ((question: string) => Promise<string>) | null;
  /** Reads all of stdin; at a terminal, asks for a line that is not shown. @throws {TenementError} `bad_input`, `usage` */
  readSecret(question: string): Promise<string>;
  /**
   * Aborts on Ctrl-C. From this call on, Node does not handle the signal itself, which would end the process at once.
   */
  interrupted(): AbortSignal;
}

/** Writes a line, and waits when the reader is slow. */
export async function print(io: CliIo, line: string): Promise<void> {
  if (!io.stdout.write(`${line}\n`)) await once(io.stdout, 'drain');
}

export async function printJson(io: CliIo, value: unknown): Promise<void> {
  await print(io, io.isTerminal ? terminalJson(value) : JSON.stringify(value));
}

/** Returns the io of this process. */
export function processIo(): CliIo {
  const { stdin, stdout, stderr, env } = process;
  const isTerminal = stdout.isTTY === true;
  const ask = stdin.isTTY === true && stderr.isTTY === true ? askAtTerminal : null;
  return { stdout, stderr, env, isTerminal, color: isTerminal && !env['NO_COLOR'], ask, readSecret, interrupted };
}

/** Asks on stderr, so that stdout has only the command's own output. */
async function askAtTerminal(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}

function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}
