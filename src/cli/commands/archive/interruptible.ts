/** Ctrl-C ends a command that takes its time; the server then deletes what it has made so far. */
import { constants } from 'node:os';
import { CommandEnd } from '../../command-end.ts';
import type { CliIo } from '../../output/io.ts';

const INTERRUPTED = 128 + constants.signals.SIGINT;

/** @throws {CommandEnd} when it was interrupted */
export async function interruptible<Value>(io: CliIo, work: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
  const signal = io.interrupted();
  try {
    return await work(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    io.stderr.write('tenement: interrupted; nothing of it is kept\n');
    throw new CommandEnd(INTERRUPTED);
  }
}
