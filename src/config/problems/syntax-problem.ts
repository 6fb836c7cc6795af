/** Rewords a TOML syntax error for the person who wrote the file. Pure. */
import type { TomlError } from 'smol-toml';
import { withoutSecrets } from './secret-values.ts';

/** Messages of smol-toml for an unclosed string, and for text without quotes. */
const NOT_CLOSED = 'control characters are not allowed in strings';
const NO_VALUE = 'invalid value';
const TWICE = 'trying to redefine an already defined table or value';
const BAD_KEY = 'illegal character in key';

/** @param text content of the file */
export function syntaxProblem(
  { message, line, column }: Pick<TomlError, 'message' | 'line' | 'column'>,
  text: string,
): string {
  const [why = 'not TOML'] = message.replace(/^Invalid TOML document: /, '').split('\n');
  const inLine = text.split('\n')[line - 1] ?? '';
  if (why === NOT_CLOSED && isUnclosed(inLine)) return 'this string is not closed: a quote is missing at its end';
  if (why === NO_VALUE && /=\s*(#.*)?$/.test(inLine)) return 'a value is missing after the =';
  if (why === NO_VALUE) {
    const isSecret = withoutSecrets({ line, column, length: 1, text: inLine }, text).text !== inLine;
    return unquoted(inLine, column, isSecret) ?? why;
  }
  if (why === BAD_KEY) return notKeyAndValue(inLine) ?? why;
  if (why === TWICE) return 'this key or table is defined twice';
  return why;
}

/** Whether a line has an odd number of quotes of either kind. */
function isUnclosed(line: string): boolean {
  const unescaped = line.replaceAll('\\"', '');
  return [`"`, `'`].some((quote) => unescaped.split(quote).length % 2 === 0);
}

function notKeyAndValue(line: string): string | null {
  if (/^\s*\[[^\]]*$/.test(line)) return 'the ] at the end of this table is missing';
  return line.includes('=') ? null : 'a line is a [table], or a key = value';
}

function unquoted(line: string, column: number, isSecret: boolean): string | null {
  const [, key, value] = /^\s*([\w.-]+)\s*=\s*([^\s"'[{#][^#]*?)\s*(?:#.*)?$/.exec(line) ?? [];
  if (key === undefined || value === undefined || line.indexOf(value) > column) return null;
  return `text needs quotes: ${key} = ${isSecret ? '"…"' : JSON.stringify(value)}`;
}
