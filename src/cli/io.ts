/** What a command may touch of its process, so that tests can give it another. */
import { once } from 'node:events';
import type { Writable } from 'node:stream';

export interface CliIo {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly env: NodeJS.ProcessEnv;
  /** Whether stdout takes colours. */
  readonly color: boolean;
  /** Aborts on Ctrl-C; asking for it takes the signal away from Node, which would end at once. */
  interrupted(): AbortSignal;
}

/** Writes a line, waiting when the reader is slower than we are. */
export async function print(io: CliIo, line: string): Promise<void> {
  if (!io.stdout.write(`${line}\n`)) await once(io.stdout, 'drain');
}

export async function printJson(io: CliIo, value: unknown): Promise<void> {
  await print(io, JSON.stringify(value));
}

/** The io of this process. */
export function processIo(): CliIo {
  const { stdout, stderr, env } = process;
  return { stdout, stderr, env, color: stdout.isTTY === true && !env['NO_COLOR'], interrupted };
}

function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}
