/**
 * Makes what a newly registered tenant needs, after it is written down and before any of its instances starts. The next
 * server repeats what was interrupted.
 */
import type { TenantDirectories } from '../../../core/ports.ts';
import type { ServiceConfig } from '../../../core/service/service.ts';
import type { Registry } from '../../../core/stores/registry.ts';
import type { TenantStore } from '../../../core/stores/tenant-store.ts';
import type { Skeleton } from '../../../core/tenants/skeleton.ts';
import type { Registration } from '../../../core/tenants/tenant-operation.ts';
import { REFUSALS } from '../../../core/tenants/tenant-state.ts';
import { TenementError } from '../../../errors.ts';
import type { Logger } from '../../../logger.ts';
import type { Provisioning } from '../../provisioning/provisioning.ts';
import type { TenantGates } from '../tenant-gates.ts';

export interface RegistrationDeps {
  readonly tenants: TenantStore;
  readonly registry: Pick<Registry, 'whenWritable'>;
  readonly tenantDirectories: Pick<TenantDirectories, 'create'>;
  readonly gates: TenantGates;
  readonly logger: Logger;
  /** Returns undefined when the config no longer has it. */
  service(name: string): ServiceConfig | undefined;
  /** Returns a function that makes the skeleton of its directory; null: there is none. */
  skeletonFor(tenantId: string, service: ServiceConfig): (() => Skeleton) | null;
  readonly provisioning: Pick<Provisioning, 'board' | 'destroy' | 'directoryMade'>;
  /** Tries to complete the registration again later. */
  onFailed(tenantId: string, registration: Registration, reason: string): void;
}

/** Refuses the tenant's requests until `completeRegistration` is done. */
export function beginRegistration(tenantId: string, { gates }: Pick<RegistrationDeps, 'gates'>): void {
  gates.close(tenantId, 'provisioning', REFUSALS.provisioning);
}

/**
 * Completes a registration that was written down, under the tenant's lock. An empty directory that cannot be made is told,
 * and tried again by each start of an instance, which fails for the same reason. A template that cannot be copied keeps
 * the tenant from running, and is tried again later.
 * @throws {TenementError} `provisioning_failed`
 */
export async function completeRegistration(
  tenantId: string,
  registration: Registration,
  deps: RegistrationDeps,
): Promise<void> {
  beginRegistration(tenantId, deps);
  const uid = await directoryFor(tenantId, registration, deps);
  await end(tenantId, uid, deps);
  deps.provisioning.directoryMade(tenantId);
  if (!deps.provisioning.board.isHeld(tenantId)) deps.gates.open(tenantId, 'provisioning');
}

/** Returns the user id of its owner; null: the server's user, or there is no directory. */
async function directoryFor(tenantId: string, registration: Registration, deps: RegistrationDeps) {
  const service = deps.service(registration.service);
  if (service === undefined) return null;
  const skeleton = deps.skeletonFor(tenantId, service);
  try {
    return await deps.tenantDirectories.create({ tenantId, user: service.user, skeleton: skeleton?.() ?? null });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    deps.logger.error({ tenant: tenantId, reason }, 'the directory of a new tenant cannot be made');
    if (skeleton === null) return null;
    deps.onFailed(tenantId, registration, reason);
    throw new TenementError('provisioning_failed', `${tenantId} cannot be set up: ${reason}`, { cause: error });
  }
}

/** An end that is lost with the machine, or cannot be written, costs one repetition. */
async function end(tenantId: string, uid: number | null, deps: RegistrationDeps): Promise<void> {
  const { registry, tenants, logger } = deps;
  try {
    await registry.whenWritable(() => {
      const record = tenants.get(tenantId);
      const known = record === null || uid === null ? {} : { record: { ...record, uid } };
      tenants.commit({ tenantId, ...known, operation: null }, { durable: false });
    });
  } catch (error) {
    logger.warn(
      { tenant: tenantId, err: error },
      'the end of a registration is not written; the next start repeats it',
    );
  }
}
