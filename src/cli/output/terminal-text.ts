/** What tenants print, made fit to be shown: it must not steer the terminal of an operator. Pure. */
import { stripVTControlCharacters } from 'node:util';

/** C0 but for the tab, DEL, and C1, which some terminals take for the beginning of a sequence. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROLS = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g;
/** They change the order in which what follows is shown (Unicode TR 9). */
const BIDI_CONTROLS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const REPLACEMENT = '\ufffd';

/** One line without escape sequences; control characters that are left are shown as `^M`, as cat -v shows them. */
export function terminalText(line: string): string {
  return stripVTControlCharacters(line.replace(/\r$/, '')).replace(CONTROLS, caret).replace(BIDI_CONTROLS, REPLACEMENT);
}

/** JSON in which no character steers a terminal; it means the same. */
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
