/** Storage of API tokens, which the registry implements. */
import type { NewToken } from '../access/new-token.ts';

export interface TokenInfo extends NewToken {
  readonly id: string;
  /** Whether it is a session of the dashboard, whose text stands in a cookie and is no bearer token. */
  readonly session: boolean;
  readonly createdAtMs: number;
  /** To the minute, and possibly a second late; null: never used. */
  readonly lastUsedAtMs: number | null;
}

export interface NewSession extends NewToken {
  readonly expiresAtMs: number;
  /** The token with which it ends; null: none. */
  readonly tokenId: string | null;
}

/**
 * `mistyped`: the checksum of the text is wrong, so it was never a token. `unknown`: there is none, or no more.
 * `expired`: its time is over.
 */
export type TokenCheck =
  | { readonly ok: true; readonly token: TokenInfo }
  | { readonly ok: false; readonly why: 'mistyped' | 'unknown' }
  | { readonly ok: false; readonly why: 'expired'; readonly expiresAtMs: number };

export interface TokenStore {
  /**
   * Makes a token. Its text is returned only here, and only its hash is kept. @throws {TenementError} `state_failed`
   */
  create(asked: NewToken): Promise<TokenInfo & { readonly token: string }>;
  /**
   * Starts a session, and forgets those that are over. Its text is returned only here, and only its hash is kept.
   * @throws {TenementError} `state_failed`
   */
  startSession(asked: NewSession): Promise<TokenInfo & { readonly token: string }>;
  /** Lists tokens and sessions, also those that have expired. */
  list(): TokenInfo[];
  /** Ends a token with its sessions, or a session. Returns what was revoked; null when there is no such token. @throws {TenementError} `state_failed` */
  revoke(id: string): Promise<TokenInfo | null>;
  /** Finds the token with a text, and notes that it is used. Takes the same time for every text of a token's form. */
  check(text: string): TokenCheck;
  /** Finds the session with a text, and notes that it is used; null: there is none, or it is over. */
  checkSession(text: string): TokenInfo | null;
  /** Notes that a token or session is in use, such as by an open stream. */
  used(token: TokenInfo): void;
  /** Whether a token is neither revoked nor expired. */
  isValid(id: string): boolean;
  /** Calls `listener` whenever tokens have been revoked. */
  onRevoked(listener: () => void): void;
}
