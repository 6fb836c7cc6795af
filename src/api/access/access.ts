/** Who sends a request, and what they may see. */
import { type Actor, anonymous, CLI, SYSTEM } from '../../core/access/actor.ts';
import { EVERYTHING, type Grants } from '../../core/access/permission.ts';
import { covers, type Subject } from '../../core/access/scope.ts';

export interface Access {
  readonly actor: Actor;
  readonly grants: Grants;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any route's own code runs. */
    access: Access;
  }
}

/** A caller that may open the control socket. */
export const LOCAL: Access = { actor: CLI, grants: EVERYTHING };

/** A caller of an open route, which is not asked who it is. */
export const UNKNOWN: Access = { actor: SYSTEM, grants: { scope: { kind: 'tenant', tenantId: '' }, can: [] } };

/** A caller of an API with `auth = "none"`. */
export function withoutToken(address: string | null): Access {
  return { actor: anonymous(address), grants: EVERYTHING };
}

/** Whether the caller may see what belongs to `subject`. */
export function sees({ grants }: Access, subject: Subject): boolean {
  return covers(grants.scope, subject);
}
