/** The answer to a request without a good token (RFC 6750 §3). */
import type { RefusalReason } from '../../../core/identity/refusal-counts.ts';
import type { SaidRefusal } from '../resolvers/said.ts';

/** What is wrong with a token, for its client. Nothing here tells which keys, issuers or tenants there are. */
const DESCRIPTIONS: Partial<Record<RefusalReason, string>> = {
  'several-tokens': 'there are several tokens',
  'too-large': 'it is too large',
  malformed: 'it is not a signed token',
  algorithm: 'its algorithm is not accepted',
  'unknown-key': 'it is signed with an unknown key',
  signature: 'its signature is wrong',
  expired: 'it has expired',
  'not-yet-valid': 'it is not valid yet',
  issuer: 'it is from another issuer',
  audience: 'it is for another audience',
};

/** Refusals by reason; there are as many as reasons. */
const made = new Map<RefusalReason, SaidRefusal>();

export function badToken(why: RefusalReason): SaidRefusal {
  const before = made.get(why);
  if (before !== undefined) return before;
  const description = DESCRIPTIONS[why];
  const error = description === undefined ? '' : ` error="invalid_token", error_description="${description}"`;
  const refusal: SaidRefusal = { refused: 'bad_token', why, challenge: `Bearer${error}` };
  made.set(why, refusal);
  return refusal;
}
