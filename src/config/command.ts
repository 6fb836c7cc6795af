/** Splits a command line as a shell does, without a shell. */
import { split } from 'shlex';
import { TenementError } from '../errors.ts';

/** Operators that only a shell understands, outside of quotes. */
const OPERATORS = new Set(['|', '||', '&', '&&', ';', '>', '>>', '<', '2>', '2>&1', '&>']);

/** @throws {TenementError} `bad_config` for an open quote, or an operator of the shell */
export function splitCommand(command: string | readonly string[]): string[] {
  if (typeof command !== 'string') return [...command];
  let words: string[];
  try {
    words = split(command);
  } catch {
    throw new TenementError('bad_config', 'a quote is not closed');
  }
  const operator = words.find((word) => OPERATORS.has(word));
  if (operator === undefined) return words;
  throw new TenementError('bad_config', `${operator} needs a shell, and there is none; write ["sh", "-c", "…"]`);
}
