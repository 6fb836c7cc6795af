/** The claims of a signed token (RFC 7519) name a tenant. */
import { carriedTokens } from '../tokens/carried-tokens.ts';
import { badToken } from '../tokens/challenge.ts';
import type { TokenVerifier } from '../tokens/token-verifier.ts';
import type { Said, SaidRefusal, TenantResolver } from './said.ts';

const TWO_TENANTS: SaidRefusal = { refused: 'tenant_mismatch', why: 'mismatch' };
const NO_TOKEN: Said = { otherwise: badToken('no-token') };

/** @param cookie as in `TokenRules` */
export function tokenResolver(source: string, cookie: string | null, verifier: TokenVerifier): TenantResolver {
  return {
    source,
    resolve: ({ rawHeaders }) => {
      const carried = carriedTokens(rawHeaders, cookie);
      if ('problem' in carried) return badToken(carried.problem);
      const [first, second] = carried.tokens;
      if (first === undefined) return NO_TOKEN;
      const said = verifier.verify(first);
      return second === undefined ? said : both(said, verifier.verify(second));
    },
  };
}

/** A request may carry a token in its header and another in its cookie; each has to be good. */
async function both(one: Said | Promise<Said>, other: Said | Promise<Said>): Promise<Said> {
  const [first, second] = await Promise.all([one, other]);
  if ('refused' in first) return first;
  if ('refused' in second) return second;
  if (!('tenantId' in first)) return second;
  if (!('tenantId' in second)) return first;
  return first.tenantId === second.tenantId ? first : TWO_TENANTS;
}
