/** Parses header lines strictly. Pure. */

/** RFC 9110 §5.1 and §5.5: a token, and a value without control characters. */
const HEADER_LINE = /([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)(?:\r\n|$)/y;

/** Longer heads are not cached, because each busy connection keeps its last one. */
export const MAX_KEPT_BYTES = 2048;

/**
 * Parses lines of `text` from `at` on; the last one has no line end. Returns [name, value, …], or null when one is not
 * "name: value".
 */
export function readHeaderLines(text: string, at: number): string[] | null {
  const headers: string[] = [];
  for (HEADER_LINE.lastIndex = at; HEADER_LINE.lastIndex < text.length || headers.length === 0; ) {
    const match = HEADER_LINE.exec(text);
    if (match === null) return null;
    headers.push(match[1] ?? '', trimEnd(match[2] ?? ''));
  }
  return headers;
}

const SPACE = 0x20;
const TAB = 0x09;

/** Removes blanks after a value. */
function trimEnd(value: string): string {
  let end = value.length;
  while (end > 0 && isBlank(value.charCodeAt(end - 1))) end -= 1;
  return end === value.length ? value : value.slice(0, end);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}
