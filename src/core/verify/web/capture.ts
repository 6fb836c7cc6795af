/** Values that a probe takes from answers. Pure. */

export interface WebAnswer {
  readonly status: number;
  /** Names in lower case, as received; a name may come several times. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Its beginning, if it is long. */
  readonly body: string;
}

/** `token`: says who asks. `id`: names something that a tenant has. */
export interface Capture {
  readonly kind: 'token' | 'id';
  readonly name: string;
  readonly source: 'json' | 'header' | 'cookie' | 'after';
  /** A path such as `user.id`, a name, or the text that precedes the value. */
  readonly of: string;
}

/** Parses `note = json notes.0.id`. @param fail makes the error */
export function parseCapture(kind: Capture['kind'], text: string, fail: (why: string) => Error): Capture {
  const [, name = '', source = '', of = ''] = /^([\w-]+)\s*=\s*(json|header|cookie|after)\s+(.+)$/.exec(text) ?? [];
  if (name === '')
    throw fail(
      `expected @${kind} NAME = json PATH, header NAME, cookie NAME or after "TEXT", found ${JSON.stringify(text)}`,
    );
  const isQuoted = /^(['"]).*\1$/.test(of) && of.length > 2;
  return { kind, name, source: source as Capture['source'], of: isQuoted ? of.slice(1, -1) : of };
}

/** Returns the value; null when the answer has none. */
export function captured({ source, of }: Capture, answer: WebAnswer): string | null {
  if (source === 'json') return atPath(answer.body, of);
  if (source === 'header') return answer.headers.find(([name]) => name === of.toLowerCase())?.[1] ?? null;
  if (source === 'cookie') return cookiesOf(answer).findLast(([name]) => name === of)?.[1] ?? null;
  const at = answer.body.indexOf(of);
  // Up to what ends a value in HTML, JSON or a query.
  return at === -1 ? null : (/^[^\s"'<>&]+/.exec(answer.body.slice(at + of.length))?.[0] ?? null);
}

/** Lists cookies that an answer sets; a value of null removes one. */
export function cookiesOf({ headers }: WebAnswer): [name: string, value: string | null][] {
  return headers
    .filter(([name]) => name === 'set-cookie')
    .map(([, text]) => {
      const [pair = '', ...attributes] = text.split(';');
      const at = pair.indexOf('=');
      const isRemoved = attributes.some((attribute) => /^\s*max-age\s*=\s*(0|-\d+)\s*$/i.test(attribute));
      return [pair.slice(0, at).trim(), isRemoved || at < 1 ? null : pair.slice(at + 1).trim()];
    });
}

function atPath(body: string, path: string): string | null {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return null;
  }
  for (const key of path
    .replace(/^\$\.?/, '')
    .split('.')
    .filter(Boolean)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return null;
    value = (value as Record<string, unknown>)[key];
  }
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}
