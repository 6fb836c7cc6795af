/** Permissions of routes: each route declares one, which is checked before its own code runs. */
import type { FastifyRequest, RouteOptions } from 'fastify';
import { ABILITIES, type Ability } from '../../core/access/ability.ts';
import { type Decision, decide, type Grants, type Permission, type Reach } from '../../core/access/permission.ts';
import { type Scope, type Subject, scopeText, subjectOf } from '../../core/access/scope.ts';
import { unknownInstance } from '../../core/lifecycle/instance.ts';
import { assertTenantId, unknownTenant } from '../../core/tenants/tenant.ts';
import { TenementError } from '../../errors.ts';
import type { Access } from './access.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    permission: Permission;
  }
}

/** What a route's `config` holds when it asks for a permission. */
export function needs(ability: Ability, over: Reach): { permission: Permission } {
  return { permission: { ability, over } };
}

/** A route that asks for no token, and accepts any Host. */
export const OPEN: { permission: Permission } = { permission: 'open' };

export interface RouteEntry {
  readonly method: string;
  /** With parameters in Fastify's form, such as `/api/instances/:instance`. */
  readonly path: string;
  readonly permission: Permission;
}

/** Parameters of the path that a reach takes its subject from. */
const PARAMETERS: Partial<Record<Reach, string>> = { instance: 'instance', tenant: 'tenant' };

/**
 * Returns what a route declares, one entry for each method.
 * @throws {Error} when it declares no permission, or one over something that its path does not name: a mistake in the
 * program, which then does not start
 */
export function routeEntries({ method, url, config }: RouteOptions): RouteEntry[] {
  const permission = config?.permission;
  const methods = [method].flat();
  const route = `${methods.join(',')} ${url}`;
  if (permission === undefined) throw new Error(`${route} declares no permission: config: needs(ABILITY, REACH)`);
  const parameter = permission === 'open' ? undefined : PARAMETERS[permission.over];
  if (parameter !== undefined && !url.split('/').includes(`:${parameter}`))
    throw new Error(`${route} needs a permission over an ${parameter}, but its path has no :${parameter}`);
  return methods.map((each) => ({ method: each, path: url, permission }));
}

/**
 * Refuses a request that its route's permission excludes; what the body names is checked by `authorizeRegistration`.
 * @throws {TenementError} `forbidden`; `unknown_tenant` as for what does not exist; `bad_id`
 */
export function authorize({ access, params, routeOptions }: FastifyRequest): void {
  const permission = routeOptions.config.permission as Permission | undefined;
  // Without a route there is nothing to protect but the answer 404.
  if (permission === undefined || permission === 'open') return;
  const { instance, tenant } = params as { instance?: string; tenant?: string };
  if (permission.over === 'instance') {
    const name = instance ?? '';
    refuse(decide(access.grants, permission, subjectOf(name)), access, permission, () => unknownInstance(name));
  } else if (permission.over === 'tenant') {
    assertTenantId(tenant);
    const subject = { service: null, tenantId: tenant };
    refuse(decide(access.grants, permission, subject), access, permission, () => unknownTenant(tenant));
  } else refuse(decide(access.grants, permission, null), access, permission);
}

/**
 * Checks the instance that a parsed request would register: the one of its path, and of its body only where the path names
 * none, as the routes read it.
 * @throws {TenementError} `forbidden`
 */
export function authorizeRegistration({ access, params, body, routeOptions }: FastifyRequest): void {
  const permission = routeOptions.config.permission as Permission | undefined;
  if (permission === undefined || permission === 'open' || permission.over !== 'registration') return;
  const named = registered(Object.hasOwn(asObject(params), 'id') ? asObject(params) : asObject(body));
  refuse(decide(access.grants, permission, named), access, permission);
}

function registered({ service, id }: { readonly service?: unknown; readonly id?: unknown }): Subject {
  const isNamed = typeof service === 'string' && typeof id === 'string';
  // The one-line form has `--id=` in its path, which no id begins with.
  return isNamed ? { service, tenantId: id.replace(/^--id=/, '') } : { service: null, tenantId: null };
}

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}

function refuse(
  decision: Decision,
  { actor, grants }: Access,
  { ability, over }: Exclude<Permission, 'open'>,
  hidden?: () => TenementError,
): void {
  if (decision === 'allowed') return;
  if (decision === 'hidden' && hidden !== undefined) throw hidden();
  if (decision === 'lacks-ability') {
    const message = `the token ${actor.name} may ${grants.can.join(' and ')}, but this needs ${ability}`;
    throw new TenementError('forbidden', message, {
      hint: `An operator makes one that may: \`tenement token create NAME --scope ${scopeText(grants.scope)} --can ${withAbility(grants, ability)}\`.`,
    });
  }
  const needed = over === 'server' ? 'an admin token' : 'a token for what it names';
  throw new TenementError('forbidden', `the token ${actor.name} is for ${covered(grants.scope)}; this needs ${needed}`);
}

/** Lists what a token would have to be made with; `read` need not be said. */
function withAbility({ can }: Grants, ability: Ability): string {
  return ABILITIES.filter((one) => one === ability || (one !== 'read' && can.includes(one))).join(',');
}

function covered(scope: Scope): string {
  if (scope.kind === 'admin') return 'everything';
  return scope.kind === 'service' ? `the service ${scope.service}` : `the tenant ${scope.tenantId}`;
}
