/** The cookie of a session of the dashboard: its name, how it is set, and where it is read. */
import { SESSION_COOKIE } from '../../core/routing/session-cookies.ts';

/** Browsers accept such a cookie only over TLS, for this host alone and for every path. */
const HOST_PREFIX = '__Host-';

/** Where a browser has reached the API. */
export interface CookieSite {
  /** Port that the API listens on: two servers of one host have a cookie each. */
  readonly port: number;
  readonly isSecure: boolean;
}

/** @param maxAgeS null: the cookie is removed */
export function sessionCookie(secret: string, site: CookieSite, maxAgeS: number | null): string {
  const attributes = ['HttpOnly', 'SameSite=Strict', 'Path=/', `Max-Age=${maxAgeS ?? 0}`];
  if (site.isSecure) attributes.push('Secure');
  return [`${nameOn(site)}=${secret}`, ...attributes].join('; ');
}

/** Returns the session's text from a Cookie header; null: there is none. */
export function sessionIn(header: string | undefined, site: CookieSite): string | null {
  const name = nameOn(site);
  for (const pair of (header ?? '').split(';')) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim() || null;
  }
  return null;
}

function nameOn({ port, isSecure }: CookieSite): string {
  return `${isSecure ? HOST_PREFIX : ''}${SESSION_COOKIE}${port}`;
}
