/** Texts that tenants made, safe to show. Pure. */

/** C0 except for tabs, DEL and C1. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern looks for them
const CONTROLS = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g;
/** Characters that have no width or change the order of display (Unicode TR 9). */
const HIDDEN = /[\p{Cf}\p{Zl}\p{Zp}\u115f\u1160\u3164]/gu;
/** Many marks on one letter reach over the lines above it. */
const STACKED_MARKS = /(\p{M}{4})\p{M}+/gu;

/**
 * Returns a text in which every character can be seen: control characters as `^M` and the like, as `tenement logs` has
 * them, characters without a width as their code. A longer text than `maxLength` is cut, and says by how much.
 */
export function visibleText(text: string, maxLength = 300): string {
  const cut = text.length > maxLength;
  const shown = (cut ? text.slice(0, maxLength) : text)
    .replace(CONTROLS, caret)
    .replace(HIDDEN, code)
    .replace(STACKED_MARKS, '$1');
  return cut ? `${shown}… (${text.length - maxLength} more characters)` : shown;
}

function caret(character: string): string {
  const value = character.charCodeAt(0);
  return value < 0x80 ? `^${String.fromCharCode(value ^ 0x40)}` : code(character);
}

function code(character: string): string {
  return `<U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`;
}
