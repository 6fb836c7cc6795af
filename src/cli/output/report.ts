/** The end of a command: the only place that maps errors to text or JSON on stderr, and to an exit status. */
import type { CommanderError } from 'commander';
import { TenementError, toTenementError } from '../../errors.ts';
import { CommandEnd } from '../command-end.ts';
import { type Paint, painter } from './color.ts';
import type { CliIo } from './io.ts';
import { excerptLines } from './source-excerpt.ts';
import { ProgramFailure } from './start-failure.ts';
import { terminalJson, terminalText } from './terminal-text.ts';

/** Further errors of a config that are shown; a terminal holds no more. */
const MAX_DETAILS = 20;

export interface ReportOptions {
  /** Whether the command was given --json. */
  readonly json?: boolean;
  /** The command that failed, such as `tenant ls`; empty: the program. */
  readonly command?: string;
}

/** Prints an error and returns the exit status: 0 for help and version. */
export function report(thrown: unknown, io: CliIo, { json = false, command = '' }: ReportOptions = {}): number {
  if (thrown instanceof CommandEnd) return thrown.status;
  if (isCommanderError(thrown) && thrown.exitCode === 0) return 0;
  const error = isCommanderError(thrown) ? usageError(thrown, command) : known(thrown);
  io.stderr.write(json ? `${asJson(error)}\n` : `${asText(error, io).join('\n')}\n`);
  return error.exitStatus;
}

/** The same shape for every command, with what the API has in its problem documents. */
function asJson(error: TenementError): string {
  const { code, message, hint, details } = error;
  const problems = [message, ...details].map((text, index) => {
    const { line = null, column = null } = error.excerpts[index] ?? {};
    return { message: text, line, column };
  });
  const lastLines = lastLinesOf(error);
  return terminalJson({
    error: {
      code,
      message,
      hint,
      ...(error.excerpts.length > 0 && { problems }),
      ...(error.excerpts.length === 0 && details.length > 0 && { details }),
      ...(lastLines.length > 0 && { lastLines }),
    },
  });
}

function asText(error: TenementError, { errors: { color, columns } }: CliIo): string[] {
  const paint = painter(color);
  const excerpt = (index: number) => {
    const found = error.excerpts[index] ?? null;
    return found === null ? [] : excerptLines(found, columns, paint);
  };
  const lastLines = lastLinesOf(error);
  return [
    `${paint(['red', 'bold'], 'tenement:')} ${oneLine(error.message)} ${paint('dim', `(${error.code})`)}`,
    ...excerpt(0),
    `${paint('cyan', 'hint:')} ${oneLine(error.hint)}`,
    ...detailLines(error.details, (index) => excerpt(index + 1), paint),
    ...(lastLines.length > 0 ? ['Its last output:', ...lastLines.map((line) => `  ${line}`)] : []),
  ];
}

function detailLines(details: readonly string[], excerpt: (index: number) => string[], paint: Paint): string[] {
  if (details.length === 0) return [];
  const shown = details.slice(0, MAX_DETAILS).flatMap((line, index) => [oneLine(line), ...excerpt(index)]);
  const more = details.length > MAX_DETAILS ? [`and ${details.length - MAX_DETAILS} more`] : [];
  return [paint('bold', 'Also wrong:'), ...[...shown, ...more].map((line) => `  ${line}`)];
}

function lastLinesOf(error: TenementError): readonly string[] {
  return error instanceof ProgramFailure ? error.lastLines : [];
}

/** By name, so that this file does not load commander. */
function isCommanderError(thrown: unknown): thrown is CommanderError {
  return (
    thrown instanceof Error && 'exitCode' in thrown && 'code' in thrown && String(thrown.code).startsWith('commander.')
  );
}

/** An unexpected error occurred in this process, so the server's log does not have it. */
function known(thrown: unknown): TenementError {
  if (thrown instanceof TenementError) return thrown;
  return new TenementError('internal', toTenementError(thrown).message, {
    hint: 'This is a bug in tenement.',
  });
}

/** Commander writes "error: …", and on a second line "(Did you mean …?)". */
function usageError(thrown: CommanderError, command: string): TenementError {
  const name = command === '' ? 'tenement' : `tenement ${command}`;
  if (thrown.code === 'commander.help') {
    return new TenementError('usage', 'no command was given', { hint: `\`${name} --help\` lists the commands.` });
  }
  const [message = '', suggestion] = thrown.message.replace(/^error: /, '').split('\n');
  const hint = suggestion?.replace(/^\((.*)\)$/, '$1') ?? `\`${name} --help\` shows what it takes, with examples.`;
  return new TenementError('usage', message, { hint });
}

function oneLine(text: string): string {
  return terminalText(text.replace(/\s*\n\s*/g, ' '));
}
