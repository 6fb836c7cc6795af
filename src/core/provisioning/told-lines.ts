/** What a hook printed for people, as it is kept: the last lines, harmless on a terminal, without values of secrets. Pure. */

const MAX_LINES = 20;
const MAX_CHARS = 500;
const MASK = '***';
/** A shorter value would also hide parts of ordinary words. */
const MIN_MASKED_CHARS = 4;
/** Control characters, and those that change the direction of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to be shown.
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** @param secrets values that must not be shown */
export function toldLines(text: string, secrets: Iterable<string>): string[] {
  const masked = withoutSecrets(text, secrets);
  const lines = masked.split('\n').map((line) => line.replace(/\r$/, ''));
  return lines
    .filter((line) => line.trim() !== '')
    .slice(-MAX_LINES)
    .map((line) => shown(line.slice(0, MAX_CHARS)).slice(0, MAX_CHARS));
}

function withoutSecrets(text: string, secrets: Iterable<string>): string {
  const all = [...secrets].flatMap((value) => [value, ...passwordsIn(value)]);
  // A value that is part of another goes last, so that the other is still found.
  const longestFirst = all.filter((value) => value.length >= MIN_MASKED_CHARS).sort((a, b) => b.length - a.length);
  return longestFirst.reduce((rest, value) => rest.replaceAll(value, MASK), text);
}

/** Returns the password of a URL, as it is written there and as a client would print it. */
function passwordsIn(value: string): string[] {
  if (!value.includes('://') || !URL.canParse(value)) return [];
  const { password } = new URL(value);
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}

function shown(line: string): string {
  return line.replaceAll(UNSAFE, (char) => {
    const code = char.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}
