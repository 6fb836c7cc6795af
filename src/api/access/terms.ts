/** What a customer pays for: a token for that tenant alone does not change it. */
import { TenementError } from '../../errors.ts';
import type { Access } from './access.ts';

/** Fields of requests by their names in messages. */
const TERMS = { plan: 'plan', expires: 'expiry', limits: 'limits' } as const;

/**
 * Checks that the caller may set what the body sets.
 * @throws {TenementError} `forbidden` when a token for one tenant sets the plan, the expiry or limits
 */
export function assertMaySetTerms({ actor, grants }: Access, body: object): void {
  if (grants.scope.kind !== 'tenant') return;
  const given = new Map(Object.entries(body));
  const set = Object.entries(TERMS).flatMap(([field, name]) => (given.get(field) === undefined ? [] : [name]));
  if (set.length === 0) return;
  throw new TenementError(
    'forbidden',
    `the token ${actor.name} is the tenant's own, which may not set its ${set.join(' and ')}`,
    {
      hint: 'An admin token may.',
    },
  );
}
