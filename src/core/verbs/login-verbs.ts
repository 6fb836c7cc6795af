/** Logging in to the dashboard, as the API sees it. */
import type { Actor } from '../access/actor.ts';
import type { LoginOwner } from '../access/session.ts';
import type { TokenInfo } from '../stores/token-store.ts';

export interface LoginCode {
  /** For one login within a minute. */
  readonly code: string;
  /** Ms since the epoch. */
  readonly expiresAtMs: number;
}

export interface StartedSession {
  readonly session: TokenInfo;
  /** The text that the session's cookie holds, which is not shown again. */
  readonly secret: string;
}

export interface LoginFace {
  /** Makes a code for a session of this owner. Only its hash is kept, in memory. */
  makeCode(owner: LoginOwner): LoginCode;
  /**
   * Starts the session that a code is for. @param address of the client
   * @throws {TenementError} `unauthorized` for a code that is wrong, used or old; `rate_limited` after many of these;
   * `state_failed`
   */
  logIn(code: string, address: string | null): Promise<StartedSession>;
  /** Ends a session. @throws {TenementError} `state_failed` */
  logOut(session: TokenInfo, by: Actor): Promise<void>;
}
