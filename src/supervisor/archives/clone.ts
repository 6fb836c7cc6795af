/** Makes a tenant of another one, with a directory and a user id of its own. */
import { assertTenantId, newTenant, type TenantRecord } from '../../core/tenants/tenant.ts';
import type { CloneOptions } from '../../core/verbs/archive-verbs.ts';
import type { NewFromCopy } from '../../core/verbs/tenant-verbs.ts';
import { foundTenant } from '../tenants/tenant-list.ts';
import { sealedFor, secretsOf } from './archived-secrets.ts';
import { withSource } from './capturing.ts';
import { tellCopy } from './events.ts';
import { afterRegistration, leftOutNotes } from './finished.ts';
import { assertFree, makeTenant, type NewTenant } from './new-tenant.ts';
import type { Alone, Running } from './running.ts';

export async function cloneTenant(
  tenantId: string,
  { id, still = false, start }: CloneOptions,
  alone: Alone,
): Promise<NewFromCopy> {
  assertTenantId(id);
  const { registered, notes, running } = await alone([tenantId, id], async (running) => {
    const { parts, archives, signal, progress } = running;
    const record = foundTenant(tenantId, parts);
    assertFree(id, parts);
    const tenant = await cloneOf(record, id, running);
    const onProgress = (done: Running['progress']['done']) => void Object.assign(progress, { done });
    const { registered, notes } = await withSource(
      record,
      { still, signal },
      archives,
      parts,
      async (source, leftOut) => {
        const registered = await makeTenant(tenant, archives, parts, ({ service, maxBytes }) =>
          archives.clone(source, { tenantId: id, service }, { maxBytes, isArchive: false, signal, onProgress }),
        );
        const { report } = registered.result;
        const all = [...leftOut, ...report.leftOut];
        return { registered, notes: leftOutNotes(all, report.leftOutCount + leftOut.length) };
      },
    );
    const { files, bytes } = registered.result.report;
    tellCopy('tenant-cloned', id, `cloned from ${tenantId}`, { from: tenantId, files, bytes, still }, running);
    return { registered, notes, running };
  });
  return afterRegistration(id, registered, { start, notes }, running);
}

/** It has what the other was given, but not its domains, which lead to one tenant. */
async function cloneOf(was: TenantRecord, id: string, { parts, by }: Running): Promise<NewTenant> {
  const { tenantInstances, instanceTable, deps } = parts;
  const records = tenantInstances.names(was.id).flatMap((name) => instanceTable.record(name) ?? []);
  const own = new Map(records.map(({ service, env, limits }) => [service, { env, limits }]));
  const { plan, expiresAtMs, labels, env } = was;
  return {
    record: { ...newTenant(id, deps.clock.nowMs()), plan, expiresAtMs, labels, env },
    services: [...own.keys()],
    ownOf: (service) => own.get(service) ?? { env: {}, limits: {} },
    secrets: await sealedFor(id, await secretsOf(was.id, parts), parts),
    by,
  };
}
