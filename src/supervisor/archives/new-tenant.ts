/**
 * Makes a tenant whose directory comes from elsewhere, under its lock. It appears by one rename and is registered in one
 * step, or nothing of it is left, whatever fails and whenever the server is killed.
 */
import type { Actor } from '../../core/access/actor.ts';
import type { Archives, MadeDirectory } from '../../core/archive/copies.ts';
import type { InstanceOverrides } from '../../core/lifecycle/instance.ts';
import { stricter } from '../../core/limits/limits.ts';
import type { SealedSecret } from '../../core/secrets/sealed-secret.ts';
import { effectiveService } from '../../core/service/effective-service.ts';
import { type ServiceConfig, serviceNamed } from '../../core/service/service.ts';
import type { TenantRecord } from '../../core/tenants/tenant.ts';
import { TenementError } from '../../errors.ts';
import type { SupervisorParts } from '../supervisor-parts.ts';
import type { Registered } from '../tenants/registration/registrar.ts';
import type { ArchivedDomains } from './archived-domains.ts';

export interface NewTenant {
  readonly record: TenantRecord;
  /** At least one. */
  readonly services: readonly string[];
  ownOf(service: string): InstanceOverrides;
  readonly secrets: readonly SealedSecret[];
  readonly domains?: ArchivedDomains;
  readonly by: Actor;
}

/** What the directory is made for. */
export interface DirectoryTerms {
  readonly service: ServiceConfig;
  /** null: no limit. */
  readonly maxBytes: number | null;
}

/**
 * @param make makes the directory
 * @throws {TenementError} `already_exists`, what `create` throws, what `make` throws
 */
export async function makeTenant<Made extends { readonly made: MadeDirectory }>(
  tenant: NewTenant,
  archives: Archives,
  parts: SupervisorParts,
  make: (terms: DirectoryTerms) => Promise<Made>,
): Promise<Registered & { readonly result: Made }> {
  const { id } = tenant.record;
  assertFree(id, parts);
  const { record, services, ownOf, secrets, by, domains } = tenant;
  const options = { record: () => record, secrets, by, domains: () => domains?.claim() ?? [] };
  const asked = [id, services, ownOf, options] as const;
  parts.registrar.assertMayRegister(...asked);
  await note(id, 'files', parts);
  let made: MadeDirectory | null = null;
  try {
    const result = await make(termsOf(tenant, parts));
    made = result.made;
    await note(id, 'place', parts);
    await archives.place(made, id);
    made = null;
    const registered = await parts.registrar.registerLocked(...asked);
    return { ...registered, result };
  } catch (error) {
    if (made !== null) archives.discard(made, id);
    if (parts.tenants.get(id) === null) await forget(id, made === null, parts);
    throw error;
  }
}

/** @throws {TenementError} `already_exists` */
export function assertFree(tenantId: string, { tenants, tenantInstances }: SupervisorParts): void {
  if (tenants.get(tenantId) === null && tenantInstances.names(tenantId).length === 0) return;
  throw new TenementError('already_exists', `there is a tenant ${tenantId}`);
}

async function note(tenantId: string, step: 'files' | 'place', { deps, tenants }: SupervisorParts): Promise<void> {
  const operation = { kind: 'import', step, startedAtMs: deps.clock.nowMs() } as const;
  await deps.registry.whenWritable(() => tenants.commit({ tenantId, operation }));
}

async function forget(tenantId: string, isPlaced: boolean, parts: SupervisorParts): Promise<void> {
  const { deps, tenants } = parts;
  try {
    if (isPlaced) await deps.tenantDirectories.delete(tenantId);
    await deps.registry.whenWritable(() => tenants.commit({ tenantId, operation: null }));
  } catch (error) {
    deps.logger.warn(
      { tenant: tenantId, err: error },
      'the undoing of an import is not written; the next start repeats it',
    );
  }
}

function termsOf({ record, services, ownOf }: NewTenant, parts: SupervisorParts): DirectoryTerms {
  const terms = { plan: parts.tenants.planOn(record.plan), env: record.env };
  const effective = services.map((service) =>
    effectiveService(serviceNamed(parts.config, service), terms, ownOf(service)),
  );
  const maxBytes = effective.reduce<number | null>(
    (least, { storageLimitBytes }) => stricter(least, storageLimitBytes),
    null,
  );
  const [first] = effective;
  if (first === undefined)
    throw new TenementError('bad_input', 'services: expected one or more', {
      hint: `Services in the config: ${[...parts.config.services.keys()].join(', ')}.`,
    });
  return { service: first, maxBytes };
}
