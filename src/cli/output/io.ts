/** What a command may touch of its process, so that tests can give it another. */
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import type { Writable } from 'node:stream';
import { terminalJson } from './terminal-text.ts';

export interface CliIo {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly env: NodeJS.ProcessEnv;
  /** Whether stdout takes colours. */
  readonly color: boolean;
  /** Whether a person reads stdout as it comes. */
  readonly isTerminal: boolean;
  /** Asks the person at the terminal; null where there is none. */
  readonly ask: ((question: string) => Promise<string>) | null;
  /** Aborts on Ctrl-C; asking for it takes the signal away from Node, which would end at once. */
  interrupted(): AbortSignal;
}

/** Writes a line, waiting when the reader is slower than we are. */
export async function print(io: CliIo, line: string): Promise<void> {
  if (!io.stdout.write(`${line}\n`)) await once(io.stdout, 'drain');
}

export async function printJson(io: CliIo, value: unknown): Promise<void> {
  await print(io, io.isTerminal ? terminalJson(value) : JSON.stringify(value));
}

/** The io of this process. */
export function processIo(): CliIo {
  const { stdin, stdout, stderr, env } = process;
  const isTerminal = stdout.isTTY === true;
  const ask = stdin.isTTY === true && stderr.isTTY === true ? askAtTerminal : null;
  return { stdout, stderr, env, isTerminal, color: isTerminal && !env['NO_COLOR'], ask, interrupted };
}

/** The question goes to stderr, so that stdout has the answers of the command alone. */
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
