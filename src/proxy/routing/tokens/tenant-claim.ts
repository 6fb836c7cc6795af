/** Finds the tenant in the claims of a token. Pure. */
import { isLabel } from '../../../core/tenants/tenant.ts';
import type { Said, SaidRefusal } from '../resolvers/said.ts';

const NO_ID: SaidRefusal = { refused: 'bad_tenant_claim', why: 'claim-no-id' };
const NO_CLAIM: Said = { otherwise: NO_ID };

export type Claims = Readonly<Record<string, unknown>>;

/**
 * Returns the tenant that the first present claim names.
 * @param names claims in order; `org.id` is a claim of that name, or else the member `id` of the claim `org`
 */
export function tenantClaim(claims: Claims, names: readonly string[]): Said {
  for (const name of names) {
    const value = claimNamed(claims, name);
    if (value === undefined || value === null) continue;
    return typeof value === 'string' && isLabel(value) ? { tenantId: value } : NO_ID;
  }
  return NO_CLAIM;
}

function claimNamed(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value: unknown = claims;
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Claims)[part];
  }
  return value;
}
