/** `[routing.jwt]`: which tokens are believed. */

export type KeyPlace =
  /** A JSON Web Key Set (RFC 7517 §5). */
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'file'; readonly path: string }
  /** Secrets that sign tokens with HMAC, one a line. */
  | { readonly kind: 'secret'; readonly path: string };

/** How far the issuer's clock and this machine's may differ. */
export const CLOCK_SKEW_S = 60;

/** What a token must say. */
export interface TokenRules {
  /** One of these must be its `iss`; empty: any. */
  readonly issuers: readonly string[];
  /** One of these must be in its `aud`; empty: any. */
  readonly audiences: readonly string[];
  /** The cookie that may hold a token; null: none. */
  readonly cookie: string | null;
}

export interface JwtConfig extends TokenRules {
  readonly keys: KeyPlace;
}
