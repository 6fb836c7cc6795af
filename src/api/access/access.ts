/** The caller of a request, and what the caller may see. */
import { type Actor, anonymous, CLI, SYSTEM } from '../../core/access/actor.ts';
import { EVERYTHING, type Grants } from '../../core/access/permission.ts';
import { covers, type Subject } from '../../core/access/scope.ts';
import type { TokenInfo } from '../../core/stores/token-store.ts';
import { TenementError } from '../../errors.ts';

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

/** Returns an error as the caller may see it: one code names another instance, which may be another customer's. */
export function visibleError(error: unknown, access: Access | undefined): unknown {
  const isAdmin = access?.grants.scope.kind === 'admin';
  if (isAdmin || !(error instanceof TenementError) || error.code !== 'socket_conflict') return error;
  return new TenementError('socket_conflict', 'the instance would have the socket of another', { cause: error });
}

/** Whether the caller may see what belongs to `subject`. */
export function sees({ grants }: Access, subject: Subject): boolean {
  return covers(grants.scope, subject);
}
