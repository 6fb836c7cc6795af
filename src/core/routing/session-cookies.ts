/**
 * The dashboard's session is no business of tenants. Browsers send a cookie to every port of its host, so where tenants and
 * the API share a host name, each request to a tenant would carry it. Pure.
 */

/** Begins the name of the cookie, before the API's port; behind `__Host-` where there is TLS. */
export const SESSION_COOKIE = 'tenement_session_';

const NAME = new RegExp(`^\\s*(__Host-)?${SESSION_COOKIE}`, 'i');

/** Returns the value of a Cookie field without sessions; null: nothing is left. */
export function withoutSessions(value: string): string | null {
  const kept = value.split(';').filter((pair) => !NAME.test(pair));
  const text = kept.join(';').trim();
  return text === '' ? null : text;
}
