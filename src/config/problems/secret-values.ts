/**
 * Hides what may be secret in the lines of a config that errors show, because they end up in journals and tickets. It works on
 * lines rather than on the parsed file, so that it also works on a file that is no TOML. In doubt it hides. Pure.
 */
import type { SourceExcerpt } from '../../errors.ts';
import type { KeyPath } from '../locate.ts';

export const HIDDEN = '***';

/** Tables that contain a table for each name, which may be any. */
const NAMED = ['service', 'plan'];
const SECRET_NAME = /(?:^|[_-])(?:secret|password|passwd|passphrase|token|credentials?|(?:api|private|hmac)[_-]?key)$/i;
/** A key, plain or quoted, dotted or not, and the `=` after it. */
const ASSIGNMENT = /((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=\s*/g;
const USER_INFO = /(?<=:\/\/[^\s/:@"']*:)[^\s/@"']+(?=@)/g;

/** Whether the value of a key may be secret: a variable of a process, or one that is called so. */
export function isSecretKey(path: KeyPath): boolean {
  const names = path.map(String);
  const isVariable = names.some((name, at) => name === 'env' && !(at === 1 && NAMED.includes(names[0] ?? '')));
  return isVariable || SECRET_NAME.test(names.at(-1) ?? '');
}

/**
 * Returns the excerpt with `***` for each value that may be secret.
 * @param text the whole file
 * @param isNamed whether the message names the piece that is pointed at, so that it may be shown
 */
export function withoutSecrets(excerpt: SourceExcerpt, text: string, isNamed = false): SourceExcerpt {
  const { column, length } = excerpt;
  const piece = { from: column - 1, to: column - 1 + length };
  const secret = secretRanges(excerpt.text, text.split('\n').slice(0, excerpt.line - 1));
  const hidden = isNamed ? secret.flatMap((range) => around(range, piece)) : secret;
  return hidden.reduceRight(hide, excerpt);
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** Lists what may be secret in a line, in order. @param before the lines above it */
function secretRanges(line: string, before: readonly string[]): Range[] {
  if (isInLongString(before)) return [{ from: 0, to: line.length }];
  const table = headingAbove(before);
  for (const match of line.matchAll(ASSIGNMENT)) {
    const from = match.index + match[0].length;
    const own = namesIn(match[1] ?? '');
    if (from < line.length && isSecretKey([...table, ...own])) return [{ from, to: line.trimEnd().length }];
  }
  return Array.from(line.matchAll(USER_INFO), ({ index, 0: { length } }) => ({ from: index, to: index + length }));
}

/** Whether a string in three quotes has begun and not ended. */
function isInLongString(before: readonly string[]): boolean {
  const text = before.join('\n');
  return [`"""`, `'''`].some((quotes) => text.split(quotes).length % 2 === 0);
}

function headingAbove(before: readonly string[]): string[] {
  const heading = before.findLast((line) => /^\s*\[/.test(line)) ?? '';
  return namesIn(heading.replace(/^\s*\[+|\].*$/g, ''));
}

function namesIn(key: string): string[] {
  return key.split('.').map((name) => name.trim().replace(/^["']|["']$/g, ''));
}

/** Returns what of a range is not the piece. */
function around({ from, to }: Range, piece: Range): Range[] {
  if (piece.from < from || piece.to > to) return [{ from, to }];
  return [
    { from, to: piece.from },
    { from: piece.to, to },
  ].filter((range) => range.from < range.to);
}

/** Puts `***` in place of a range; what is pointed at in it becomes that. */
function hide({ line, column, length, text }: SourceExcerpt, { from, to }: Range): SourceExcerpt {
  const shown = text.slice(0, from) + HIDDEN + text.slice(to);
  const shift = HIDDEN.length - (to - from);
  const [start, end] = [column - 1, column - 1 + length];
  if (end <= from) return { line, column, length, text: shown };
  if (start >= to) return { line, column: column + shift, length, text: shown };
  return {
    line,
    column: Math.min(start, from) + 1,
    length: Math.max(end + shift, from + HIDDEN.length) - Math.min(start, from),
    text: shown,
  };
}
