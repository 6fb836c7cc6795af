/** The end of a command: the only place that maps errors to lines on stderr and an exit status. */
import type { Writable } from 'node:stream';
import { CommanderError } from 'commander';
import { TenementError, toTenementError } from '../../errors.ts';
import { CommandEnd } from '../command-end.ts';
import { ProgramFailure } from './start-failure.ts';
import { terminalText } from './terminal-text.ts';

/** Prints an error and returns the exit status: 0 for help and version. */
export function report(thrown: unknown, stderr: Writable): number {
  if (thrown instanceof CommandEnd) return thrown.status;
  if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
  const error = thrown instanceof CommanderError ? usageError(thrown) : known(thrown);
  const lines = [`tenement: ${oneLine(error.message)} (${error.code})`, `hint: ${oneLine(error.hint)}`];
  if (error.details.length > 0) lines.push('Also wrong:', ...error.details.map((line) => `  ${oneLine(line)}`));
  if (error instanceof ProgramFailure && error.lastLines.length > 0) {
    lines.push('Its last output:', ...error.lastLines.map((line) => `  ${line}`));
  }
  stderr.write(`${lines.join('\n')}\n`);
  return error.exitStatus;
}

/** An unexpected error occurred in this process, so the server's log does not have it. */
function known(thrown: unknown): TenementError {
  if (thrown instanceof TenementError) return thrown;
  return new TenementError('internal', toTenementError(thrown).message, {
    hint: 'This is a bug in tenement.',
  });
}

/** Commander writes "error: …", and on a second line "(Did you mean …?)". */
function usageError(thrown: CommanderError): TenementError {
  if (thrown.code === 'commander.help') return new TenementError('usage', 'no command was given');
  const [message = '', suggestion] = thrown.message.replace(/^error: /, '').split('\n');
  const hint = suggestion?.replace(/^\((.*)\)$/, '$1');
  return new TenementError('usage', message, hint ? { hint } : {});
}

function oneLine(text: string): string {
  return terminalText(text.replace(/\s*\n\s*/g, ' '));
}
