/** API tokens. */

export interface TokenInfo {
  readonly id: string;
  readonly name: string;
  readonly createdAtMs: number;
}

export interface TokenStore {
  /**
   * Makes a token. Its text is returned only here, and only its hash is kept. @throws {TenementError} `state_failed`
   */
  create(name: string): Promise<TokenInfo & { readonly token: string }>;
  list(): TokenInfo[];
  /** Returns false when there is no such token. @throws {TenementError} `state_failed` */
  revoke(id: string): Promise<boolean>;
  /** Returns the token with this text; null: none. Takes the same time for every text. */
  verify(token: string): TokenInfo | null;
}
