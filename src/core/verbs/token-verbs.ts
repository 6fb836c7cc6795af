/** Tokens as the API and the library see them. */
import type { Ability } from '../access/ability.ts';
import type { Actor } from '../access/actor.ts';
import type { TokenInput } from '../access/new-token.ts';
import type { Grants } from '../access/permission.ts';

/** A token in JSON (docs/tokens.md). Times are ISO 8601. */
export interface TokenView {
  readonly id: string;
  readonly name: string;
  /** Whether it is a session of the dashboard. */
  readonly session: boolean;
  /** `admin`, `service:api` or `tenant:acme`. */
  readonly scope: string;
  readonly can: readonly Ability[];
  readonly createdAt: string;
  /** null: never. */
  readonly expiresAt: string | null;
  /** null: never used. */
  readonly lastUsedAt: string | null;
}

/** A new token. */
export type MadeToken = TokenView & {
  /** Its text, which is not shown again. */
  readonly token: string;
};

/** What one actor does with tokens. */
export interface TokenVerbs {
  /** @throws {TenementError} `bad_input`, `forbidden`, `state_failed` */
  create(input: TokenInput): Promise<MadeToken>;
  /** Ends its open streams too. @throws {TenementError} `unknown_token`, `state_failed` */
  revoke(id: string): Promise<void>;
}

export interface TokenFace {
  /** @param granter what the actor may do itself, which bounds what its tokens may do */
  by(actor: Actor, granter: Grants): TokenVerbs;
  /** Lists the tokens, also those that have expired, oldest first. */
  list(): TokenView[];
}

/** API tokens as the library has them (docs/tokens.md). */
export interface TokenAdmin {
  /** Lists the tokens, also those that have expired, oldest first. */
  list(): TokenView[];
  /** Makes a token. Its text is returned only here. @throws {TenementError} `bad_input`, `state_failed` */
  create(input?: TokenInput): Promise<MadeToken>;
  /** Ends a token and its open streams. @throws {TenementError} `unknown_token`, `state_failed` */
  revoke(id: string): Promise<void>;
}
