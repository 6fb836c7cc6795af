/** Tokens, and links that log in to the dashboard, as typed calls. */
import type { TokenInput } from '../../core/access/new-token.ts';
import type { MadeToken, TokenView } from '../../core/verbs/token-verbs.ts';
import type { Transport } from './transport.ts';

/** How to log in to the dashboard. */
export interface LoginLink {
  /** Where the API listens; null: unknown. */
  readonly url: string | null;
  /** null: no login is needed. */
  readonly code: string | null;
  /** ISO 8601. */
  readonly expiresAt: string | null;
}

export interface TokenCalls {
  createToken(asked: TokenInput): Promise<MadeToken>;
  listTokens(): Promise<TokenView[]>;
  revokeToken(id: string): Promise<void>;
  /** Makes a code for one login to the dashboard. */
  makeLoginLink(): Promise<LoginLink>;
}

export function tokenCalls(transport: Transport): TokenCalls {
  return {
    makeLoginLink: async () => (await transport.json({ method: 'POST', path: '/api/session/link' })).data as LoginLink,
    createToken: async (asked) => {
      const { data } = await transport.json({ method: 'POST', path: '/api/tokens', body: asked });
      return data as MadeToken;
    },
    listTokens: async () => {
      const { data } = await transport.json({ method: 'GET', path: '/api/tokens' });
      return (data as { tokens: TokenView[] }).tokens;
    },
    revokeToken: async (id) => {
      await transport.json({ method: 'DELETE', path: `/api/tokens/${encodeURIComponent(id)}` });
    },
  };
}
