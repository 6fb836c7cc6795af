/** What follows the registration of a tenant that was copied, when its lock is free again. */
import type { LeftOut } from '../../core/archive/copies.ts';
import type { NewFromCopy } from '../../core/verbs/tenant-verbs.ts';
import type { Registered } from '../tenants/registration/registrar.ts';
import { provisionAndStart } from '../tenants/start-all.ts';
import { foundTenant, viewOfTenant } from '../tenants/tenant-list.ts';
import type { Running } from './running.ts';

export interface FinishOptions {
  readonly start?: boolean | undefined;
  readonly notes: readonly string[];
}

export async function afterRegistration(
  tenantId: string,
  registered: Registered,
  { start, notes }: FinishOptions,
  { parts, by, view }: Running,
): Promise<NewFromCopy> {
  parts.expiry.renew();
  await provisionAndStart(tenantId, registered, { start, by }, parts);
  const instances = registered.runners.map(view);
  return { view: viewOfTenant(foundTenant(tenantId, parts), parts), created: true, instances, notes };
}

/** Says what a copy lacks, a sentence each. */
export function leftOutNotes(leftOut: readonly LeftOut[], count: number): string[] {
  const told = leftOut.map(({ path, why }) => `${JSON.stringify(path)} ${why}`);
  return count > told.length ? [...told, `and ${count - told.length} more`] : told;
}
