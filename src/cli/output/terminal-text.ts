/** Makes output of tenants safe to show, so that it cannot control an operator's terminal. Pure. */
import { stripVTControlCharacters } from 'node:util';

/** C0 except for tabs, DEL, and C1, which some terminals interpret as the start of a sequence. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern looks for them
const CONTROLS = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g;
/** Characters that change the order of display (Unicode TR 9). */
const BIDI_CONTROLS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const REPLACEMENT = '\ufffd';

/** Removes escape sequences from a line; remaining control characters become `^M` and the like, as in cat -v. */
export function terminalText(line: string): string {
  return stripVTControlCharacters(line.replace(/\r$/, '')).replace(CONTROLS, caret).replace(BIDI_CONTROLS, REPLACEMENT);
}

/** Formats JSON in which no character controls a terminal, with the same meaning. */
export function terminalJson(value: unknown): string {
  return JSON.stringify(value)
    .replace(/[\u007f-\u009f]/g, escaped)
    .replace(BIDI_CONTROLS, escaped);
}

function caret(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x80 ? `^${String.fromCharCode(code ^ 0x40)}` : REPLACEMENT;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
