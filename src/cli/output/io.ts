/** The parts of its process that a command may use, so that tests can replace them. */
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import type { Writable } from 'node:stream';
import type { Command } from 'commander';
import { readSecret } from '../secret-input.ts';
import { painter, wantsColor } from './color.ts';
import { type Column, type TableSpace, table } from './table.ts';
import { terminalJson } from './terminal-text.ts';

/** For a terminal that does not tell its size. */
const DEFAULT_COLUMNS = 80;
/** In a narrower terminal, lines wrap. */
const MIN_COLUMNS = 40;

export interface CliIo {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly env: NodeJS.ProcessEnv;
  /** Whether stdout supports colours. */
  readonly color: boolean;
  /** Whether a person reads stdout directly. */
  readonly isTerminal: boolean;
  /** Columns of stdout's terminal; null: a program reads it. */
  readonly columns: number | null;
  /** The same of stderr. */
  readonly errors: { readonly color: boolean; readonly isTerminal: boolean; readonly columns: number | null };
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

/** Where a table is shown. @param wide whether lines may be longer than the terminal is wide */
export function tableSpace({ columns, color }: CliIo, wide = false): TableSpace {
  return { columns: wide ? null : columns, paint: painter(color) };
}

/** Adds the option by which {@link printTable} shows everything. */
export function takesWide(command: Command): Command {
  return command.option('-w, --wide', 'show all columns, also those that the terminal has no room for');
}

/** Prints a table that fits the terminal. */
export function printTable(
  io: CliIo,
  { wide }: { readonly wide?: boolean },
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): Promise<void> {
  return print(io, table(columns, rows, tableSpace(io, wide)));
}

export async function printJson(io: CliIo, value: unknown): Promise<void> {
  await print(io, io.isTerminal ? terminalJson(value) : JSON.stringify(value));
}

/** Returns the io of this process. */
export function processIo(): CliIo {
  const { stdin, stdout, stderr, env } = process;
  const ask = stdin.isTTY === true && stderr.isTTY === true ? askAtTerminal : null;
  return { stdout, stderr, env, ...readerOf(stdout, env), errors: readerOf(stderr, env), ask, readSecret, interrupted };
}

function readerOf(stream: { isTTY?: boolean; columns?: number }, env: NodeJS.ProcessEnv) {
  const isTerminal = stream.isTTY === true;
  return {
    isTerminal,
    color: wantsColor(isTerminal, env),
    columns: isTerminal ? Math.max(stream.columns || DEFAULT_COLUMNS, MIN_COLUMNS) : null,
  };
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
