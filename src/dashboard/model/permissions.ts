/** What the session may do, so that buttons which the server would refuse are not shown. Pure. */
import type { Ability } from '../../core/access/ability.ts';
import type { SessionView } from '../../core/dashboard/views.ts';

export interface Permissions {
  /** Start, stop, restart, put to sleep, read output. */
  readonly operate: boolean;
  /** All other changes. */
  readonly manage: boolean;
  /** Change whole tenants, whose instances may be of several services. */
  readonly operateTenants: boolean;
  readonly manageTenants: boolean;
  /** Plan, expiry and limits, which a tenant's own token does not set. */
  readonly setTerms: boolean;
  /** Make new tenants, and see the host. */
  readonly createTenants: boolean;
  readonly seeHost: boolean;
}

export function permissionsOf({ scope, can }: Pick<SessionView, 'scope' | 'can'>): Permissions {
  const may = (ability: Ability) => can.includes(ability);
  // A tenant as a whole is covered by the scopes of everything and of that tenant.
  const coversTenants = !scope.startsWith('service:');
  const isAdmin = scope === 'admin';
  return {
    operate: may('operate'),
    manage: may('manage'),
    operateTenants: coversTenants && may('operate'),
    manageTenants: coversTenants && may('manage'),
    setTerms: isAdmin && may('manage'),
    createTenants: isAdmin && may('manage'),
    seeHost: isAdmin,
  };
}
