/** Shows the line that an error is about, with carets below the piece in question. Pure. */
import type { SourceExcerpt } from '../../errors.ts';
import type { Paint } from './color.ts';
import { displayWidth, shortened } from './display-width.ts';
import { terminalText } from './terminal-text.ts';

/** Spaces that stand for a tab, so that the carets are below what they mean. */
const TAB = '    ';
const DEFAULT_COLUMNS = 100;
/** Share of the line that precedes the piece, when not all of it fits. */
const SHARE_BEFORE = 1 / 3;

/** @param columns of the terminal; null: there is none */
export function excerptLines(excerpt: SourceExcerpt, columns: number | null, paint: Paint): string[] {
  const number = String(excerpt.line);
  const gutter = ' '.repeat(number.length);
  const { before, piece, after } = fitted(excerpt, (columns ?? DEFAULT_COLUMNS) - number.length - 3);
  const carets = '^'.repeat(Math.max(1, displayWidth(piece)));
  return [
    paint('blue', `${gutter} |`),
    `${paint('blue', `${number} |`)} ${before}${piece}${after}`.trimEnd(),
    `${paint('blue', `${gutter} |`)} ${' '.repeat(displayWidth(before))}${paint(['red', 'bold'], carets)}`,
  ];
}

function fitted({ column, length, text }: SourceExcerpt, width: number) {
  const shown = (part: string) => terminalText(part.replaceAll('\t', TAB));
  const before = beginning(shown(text.slice(0, column - 1)), shown(text.slice(column - 1)), width);
  const piece = shortened(shown(text.slice(column - 1, column - 1 + length)), width - displayWidth(before));
  const after = shortened(shown(text.slice(column - 1 + length)), width - displayWidth(before) - displayWidth(piece));
  return { before, piece, after: displayWidth(before + piece + after) > width ? '' : after };
}

/** Returns what precedes the piece; only its end, when the line is too long. */
function beginning(before: string, rest: string, width: number): string {
  const room = Math.max(Math.floor(width * SHARE_BEFORE), width - displayWidth(rest));
  if (displayWidth(before) <= room) return before;
  let kept = before.slice(-room);
  while (displayWidth(kept) > room - 1) kept = kept.slice(1);
  return `…${kept}`;
}
