/** Finds the tokens that a request carries. Pure. */
import { headerValues } from '../headers.ts';

/** Longer ones are not looked at: they could not be a session, and to parse them costs time. */
const MAX_CHARS = 8192;
const BEARER = /^bearer(?:[ \t]+(.*))?$/i;

export type Carried =
  /** At most one of each place. */
  { readonly tokens: readonly string[] } | { readonly problem: 'several-tokens' | 'too-large' | 'malformed' };

/** @param cookie name of a cookie that may hold a token; null: none */
export function carriedTokens(raw: readonly string[], cookie: string | null): Carried {
  const inHeader = bearerTokens(raw);
  const inCookie = cookie === null ? [] : cookieValues(raw, cookie);
  // Programs differ in which of two they take.
  if (inHeader.length > 1 || inCookie.length > 1) return { problem: 'several-tokens' };
  const tokens = [...new Set([...inHeader, ...inCookie])];
  if (tokens.some((token) => token.length > MAX_CHARS)) return { problem: 'too-large' };
  return tokens.some((token) => token === '') ? { problem: 'malformed' } : { tokens };
}

/** Another scheme, such as Basic, is the application's; but beside a token it is unclear which of the two counts. */
function bearerTokens(raw: readonly string[]): string[] {
  const values = headerValues(raw, 'authorization');
  if (!values.some((value) => BEARER.test(value))) return [];
  return values.map((value) => BEARER.exec(value)?.[1]?.trim() ?? '');
}

/** Returns the values of one cookie (RFC 6265 §5.4), in order. */
function cookieValues(raw: readonly string[], name: string): string[] {
  const pairs = headerValues(raw, 'cookie').flatMap((value) => value.split(';'));
  return pairs.flatMap((pair) => {
    const equals = pair.indexOf('=');
    if (equals === -1 || pair.slice(0, equals).trim() !== name) return [];
    return [
      pair
        .slice(equals + 1)
        .trim()
        .replace(/^"(.*)"$/, '$1'),
    ];
  });
}
