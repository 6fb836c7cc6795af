/** Tenants and their instances as text for people. */
import type { ApiClient } from '../../../api/client.ts';
import type { TenantView } from '../../../core/verbs/tenant-verbs.ts';
import type { InstanceView } from '../../../core/verbs/verbs.ts';
import { TenementError } from '../../../errors.ts';
import { table, UNKNOWN } from '../../output/format.ts';

/** Gets its instances, without those that were removed meanwhile. */
export async function instancesOf({ instances }: TenantView, client: ApiClient): Promise<InstanceView[]> {
  const got = await Promise.all(instances.map((name) => client.get(name).catch(unlessGone)));
  return got.filter((view) => view !== null);
}

function unlessGone(error: unknown): null {
  if (error instanceof TenementError && error.code === 'unknown_tenant') return null;
  throw error;
}

/** Returns `acme active` and a line for each instance. */
export function tenantLines({ id, state }: TenantView, instances: readonly InstanceView[]): string {
  const head = `${id} ${state}`;
  return instances.length === 0 ? head : `${head}\n${instanceTable(instances)}`;
}

export function instanceTable(instances: readonly InstanceView[]): string {
  const rows = instances.map((view) => [view.instance, view.state, view.url ?? view.socket ?? UNKNOWN]);
  const text = table(['INSTANCE', 'STATE', 'URL'], rows);
  return text.replaceAll(/^/gm, '  ');
}

export function labelText(labels: TenantView['labels']): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
}
