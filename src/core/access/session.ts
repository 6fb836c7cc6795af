/** Sessions of the dashboard: what each is made of. Pure. */
import type { NewSession, TokenInfo } from '../stores/token-store.ts';
import { SESSION_SUFFIX } from './new-token.ts';
import type { Grants } from './permission.ts';

const HOUR_MS = 3_600_000;
/** A session that is not used for so long is over. */
export const SESSION_IDLE_MS = 12 * HOUR_MS;
/** So is one that was used all the time. */
export const SESSION_MAX_MS = 7 * 24 * HOUR_MS;

/** The caller for whom a session is made. */
export interface LoginOwner {
  /** The token whose scope and abilities the session has; null: a caller that needs none. */
  readonly token: TokenInfo | null;
  readonly name: string;
  readonly grants: Grants;
}

/** Returns the session of an owner: never more than its token may, and never longer. */
export function newSession({ token, name, grants }: LoginOwner, nowMs: number): NewSession {
  const { scope, can } = grants;
  const expiresAtMs = Math.min(nowMs + SESSION_MAX_MS, token?.expiresAtMs ?? Number.POSITIVE_INFINITY);
  return { name: name + SESSION_SUFFIX, scope, can, expiresAtMs, tokenId: token?.id ?? null };
}

/** Returns whose session it is. */
export function ownerOfSession(name: string): string {
  return name.endsWith(SESSION_SUFFIX) ? name.slice(0, -SESSION_SUFFIX.length) : name;
}
