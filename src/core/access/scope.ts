/** What a token covers: everything, the instances of one service, or one tenant. Pure. */
import { TenementError } from '../../errors.ts';
import { parseInstanceName } from '../lifecycle/instance.ts';
import { isLabel } from '../tenants/tenant.ts';

export type Scope =
  | { readonly kind: 'admin' }
  | { readonly kind: 'service'; readonly service: string }
  | { readonly kind: 'tenant'; readonly tenantId: string };

export const ADMIN: Scope = { kind: 'admin' };

/** What a thing belongs to; null: to no single service, or to no single tenant. */
export interface Subject {
  readonly service: string | null;
  readonly tenantId: string | null;
}

/** Whether a scope covers what belongs to `subject`. */
export function covers(scope: Scope, { service, tenantId }: Subject): boolean {
  if (scope.kind === 'admin') return true;
  return scope.kind === 'service' ? scope.service === service : scope.tenantId === tenantId;
}

/** Splits an instance's name, such as `api:acme`. @throws {TenementError} `bad_id` */
export function subjectOf(instance: string): Subject {
  return parseInstanceName(instance);
}

/** Writes a scope as `parseScope` reads it. */
export function scopeText(scope: Scope): string {
  if (scope.kind === 'admin') return 'admin';
  return scope.kind === 'service' ? `service:${scope.service}` : `tenant:${scope.tenantId}`;
}

/** Reads `admin`, `service:api` or `tenant:acme`. @throws {TenementError} `bad_input` */
export function parseScope(text: string): Scope {
  if (text === 'admin') return ADMIN;
  const [, kind, name = ''] = /^(service|tenant):(.*)$/s.exec(text) ?? [];
  if (kind === undefined) {
    throw badScope(`${shown(text)} is no scope`, 'A scope is `admin`, `service:NAME` or `tenant:ID`.');
  }
  if (!isLabel(name)) {
    const example = kind === 'service' ? 'service:api' : 'tenant:acme';
    const hint = `Write it as ${example}; the name is 1 to 63 of a-z, 0-9 and -, with no - at either end.`;
    throw badScope(`${shown(name)} is no ${kind === 'service' ? 'name of a service' : 'tenant id'}`, hint);
  }
  return kind === 'service' ? { kind, service: name } : { kind: 'tenant', tenantId: name };
}

function badScope(what: string, hint: string): TenementError {
  return new TenementError('bad_input', `scope: ${what}`, { hint });
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
