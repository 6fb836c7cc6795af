/** Who sends a request, and what they may see. */
import { type Actor, anonymous, CLI, SYSTEM } from '../../core/access/actor.ts';
import { EVERYTHING, type Grants } from '../../core/access/permission.ts';
import { covers, type Subject } from '../../core/access/scope.ts';
import type { TokenInfo } from '../../core/stores/token-store.ts';

export interface Access {
  readonly actor: Actor;
  readonly grants: Grants;
  /** The token that was used; null: none was needed. */
  readonly token: TokenInfo | null;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any route's own code runs. */
    access: Access;
  }
}

/** A caller that may open the control socket. */
export const LOCAL: Access = { actor: CLI, grants: EVERYTHING, token: null };

/** A caller of an open route, which is not asked who it is. */
export const UNKNOWN: Access = {
  actor: SYSTEM,
  grants: { scope: { kind: 'tenant', tenantId: '' }, can: [] },
  token: null,
};

/** A caller of an API with `auth = "none"`. */
export function withoutToken(address: string | null): Access {
  return { actor: anonymous(address), grants: EVERYTHING, token: null };
}

/** Whether the caller may see what belongs to `subject`. */
export function sees({ grants }: Access, subject: Subject): boolean {
  return covers(grants.scope, subject);
}
