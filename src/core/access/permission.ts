/** What a route needs, what a token may do, and the decision between the two. Pure. */
import { ABILITIES, type Ability } from './ability.ts';
import { ADMIN, covers, type Scope, type Subject } from './scope.ts';

/**
 * What a route is about.
 * - `instance`, `tenant`: the one that the path names. For a scope that does not cover it, it does not exist.
 * - `registration`: an instance that the request wants to register. A scope that does not cover it forbids that.
 * - `visible`: whatever the scope covers. The route leaves out all else.
 * - `any`: nothing that belongs to anybody. Every token reaches it.
 * - `server`: the server as a whole, for the scope `admin` alone.
 */
export const REACHES = ['instance', 'tenant', 'registration', 'visible', 'any', 'server'] as const;
export type Reach = (typeof REACHES)[number];

/** Permission that a route needs. `open`: none, not even a token. */
export type Permission = 'open' | { readonly ability: Ability; readonly over: Reach };

/** What a caller may do. */
export interface Grants {
  readonly scope: Scope;
  readonly can: readonly Ability[];
}

/** Grants of the control socket, and of every caller with `auth = "none"`. */
export const EVERYTHING: Grants = { scope: ADMIN, can: ABILITIES };

/** `hidden`: answered like something that does not exist. `lacks-scope`, `lacks-ability`: forbidden, and why. */
export type Decision = 'allowed' | 'hidden' | 'lacks-scope' | 'lacks-ability';

/**
 * Decides whether a caller may use a route. Depends on names alone, and not on what exists, so the decision tells
 * nobody what exists.
 * @param subject what the request names; null: nothing, or nothing yet
 */
export function decide(grants: Grants, permission: Permission, subject: Subject | null): Decision {
  if (permission === 'open') return 'allowed';
  const { ability, over } = permission;
  if (over === 'server' && grants.scope.kind !== 'admin') return 'lacks-scope';
  const isOutside = subject !== null && !covers(grants.scope, subject);
  if (isOutside && (over === 'instance' || over === 'tenant')) return 'hidden';
  if (!grants.can.includes(ability)) return 'lacks-ability';
  return isOutside && over === 'registration' ? 'lacks-scope' : 'allowed';
}
