/** Tenants and their instances as text for people. */
import type { ApiClient } from '../../../api/client/client.ts';
import type { DomainView } from '../../../core/verbs/domain-verbs.ts';
import type { TenantView } from '../../../core/verbs/tenant-verbs.ts';
import type { InstanceView } from '../../../core/verbs/verbs.ts';
import { TenementError } from '../../../errors.ts';
import { UNKNOWN } from '../../output/format.ts';
import { stateColor } from '../../output/state-color.ts';
import { type Column, type TableSpace, table } from '../../output/table.ts';
import { domainLines } from '../domain/domain-text.ts';

/** Gets its instances, without those that were removed meanwhile. */
export async function instancesOf({ instances }: TenantView, client: ApiClient): Promise<InstanceView[]> {
  const got = await Promise.all(instances.map((name) => client.get(name).catch(unlessGone)));
  return got.filter((view) => view !== null);
}

function unlessGone(error: unknown): null {
  if (error instanceof TenementError && error.code === 'unknown_tenant') return null;
  throw error;
}

/** Gets its domains. A server that knows none is not asked. */
export async function domainsOf({ id, domains }: TenantView, client: ApiClient): Promise<DomainView[]> {
  return domains.length === 0 ? [] : client.domains.list({ tenant: id });
}

/** Returns `acme active`, a line for each instance, and what is to be said of its domains. */
export function tenantLines(
  { id, state }: TenantView,
  { instances, domains = [] }: { instances: readonly InstanceView[]; domains?: readonly DomainView[] },
  space: TableSpace,
): string {
  const tables = [...(instances.length === 0 ? [] : [instanceTable(instances, space)]), ...domains.map(domainLines)];
  return [`${id} ${state}`, ...tables].join('\n');
}

const COLUMNS: readonly Column[] = [
  { heading: 'INSTANCE' },
  { heading: 'STATE', format: stateColor },
  { heading: 'URL', rank: 1 },
];

export function instanceTable(instances: readonly InstanceView[], space: TableSpace): string {
  const rows = instances.map((view) => [view.instance, view.state, view.url ?? view.socket ?? UNKNOWN]);
  return table(COLUMNS, rows, { ...space, indent: 2 });
}

export function labelText(labels: TenantView['labels']): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
}
