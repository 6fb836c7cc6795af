/** How many columns of a terminal a text takes. Pure. */

const ASCII = /^[\x20-\x7e]*$/;
/** East Asian wide and fullwidth characters, and emoji, take two columns (Unicode TR 11). */
const WIDE =
  /^[[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Yi}\p{Emoji_Presentation}\p{Regional_Indicator}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]--[\uff61-\uffdc]]/v;
const ZERO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;
/** Asks for the emoji form of the character before it. */
const EMOJI_FORM = '\ufe0f';
const ELLIPSIS = '…';

/** Returns the width of one line without control characters. */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  return characters(text).reduce((sum, one) => sum + widthOf(one), 0);
}

/** Pads a text on the right to a width. */
export function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

/** Cuts a text that is wider than `width`, so that with an ellipsis at its end it fits. */
export function shortened(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = '';
  let left = Math.max(0, width - 1);
  for (const one of characters(text)) {
    left -= widthOf(one);
    if (left < 0) break;
    kept += one;
  }
  return `${kept.trimEnd()}${ELLIPSIS}`;
}

/** Breaks a text between words into lines of at most `width`; a longer word has a line of its own. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line: string | null = null;
  for (const word of text.split(' ')) {
    if (line !== null && displayWidth(line) + 1 + displayWidth(word) > width) {
      lines.push(line);
      line = null;
    }
    line = line === null ? word : `${line} ${word}`;
  }
  return line === null ? lines : [...lines, line];
}

/** Splits a text into what a reader takes for single characters. */
function characters(text: string): string[] {
  if (ASCII.test(text)) return text.split('');
  return Array.from(new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text), ({ segment }) => segment);
}

function widthOf(character: string): number {
  if (ZERO_WIDTH.test(character)) return 0;
  return WIDE.test(character) || character.includes(EMOJI_FORM) ? 2 : 1;
}
