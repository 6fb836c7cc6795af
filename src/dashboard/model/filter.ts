/** What a table shows, by the words and choices that its address holds. Pure. */
import type { InstanceRow, TenantRow } from '../../core/dashboard/views.ts';
import { type Rows, splitInstance } from './rows.ts';

export interface Filter {
  /** Words; a row has all of them in its name, plan, labels or reason. */
  readonly q: string;
  readonly state: string;
  readonly service: string;
  readonly plan: string;
  /** `key`, or `key=value`. */
  readonly label: string;
}

export const FILTER_KEYS = ['q', 'state', 'service', 'plan', 'label'] as const satisfies readonly (keyof Filter)[];

export function filterOf(query: URLSearchParams): Filter {
  const value = (key: keyof Filter) => query.get(key) ?? '';
  return {
    q: value('q'),
    state: value('state'),
    service: value('service'),
    plan: value('plan'),
    label: value('label'),
  };
}

export function isEmptyFilter(filter: Filter): boolean {
  return FILTER_KEYS.every((key) => filter[key].trim() === '');
}

/** Texts in which words are looked for, by tenant; a tenant that changes is another object. */
const haystacks = new WeakMap<TenantRow, string>();

function haystackOf(tenant: TenantRow | undefined): string {
  if (tenant === undefined) return '';
  const known = haystacks.get(tenant);
  if (known !== undefined) return known;
  const labels = Object.entries(tenant.labels).map(([key, value]) => `${key}=${value}`);
  const text = [tenant.plan ?? '', ...labels].join('\n').toLowerCase();
  haystacks.set(tenant, text);
  return text;
}

export function matchingInstances({ instances, tenants }: Rows, filter: Filter): InstanceRow[] {
  const words = wordsOf(filter);
  const found: InstanceRow[] = [];
  for (const row of instances.values()) {
    if (filter.state !== '' && row.state !== filter.state) continue;
    const { service, id } = splitInstance(row.instance);
    if (filter.service !== '' && service !== filter.service) continue;
    const tenant = tenants.get(id);
    if (!isTenantMeant(tenant, filter)) continue;
    if (words.every((word) => row.instance.includes(word) || hasWord(row.reason, tenant, word))) found.push(row);
  }
  return found;
}

export function matchingTenants({ tenants }: Rows, filter: Filter): TenantRow[] {
  const words = wordsOf(filter);
  const found: TenantRow[] = [];
  for (const row of tenants.values()) {
    if (filter.state !== '' && row.state !== filter.state) continue;
    if (!isTenantMeant(row, filter)) continue;
    if (words.every((word) => row.id.includes(word) || hasWord(row.reason, row, word))) found.push(row);
  }
  return found;
}

function wordsOf({ q }: Filter): string[] {
  return q
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
}

function hasWord(reason: string, tenant: TenantRow | undefined, word: string): boolean {
  return haystackOf(tenant).includes(word) || reason.toLowerCase().includes(word);
}

function isTenantMeant(tenant: TenantRow | undefined, { plan, label }: Filter): boolean {
  if (plan !== '' && tenant?.plan !== plan) return false;
  if (label === '') return true;
  const [key = '', ...rest] = label.split('=');
  if (tenant === undefined || !Object.hasOwn(tenant.labels, key)) return false;
  const value = tenant.labels[key];
  return rest.length === 0 || value === rest.join('=');
}

/** The most common labels, as `key=value`, for suggestions. */
export function commonLabels({ tenants }: Rows, max: number): string[] {
  const counts = new Map<string, number>();
  for (const { labels } of tenants.values()) {
    for (const [key, value] of Object.entries(labels)) {
      const pair = `${key}=${value}`;
      counts.set(pair, (counts.get(pair) ?? 0) + 1);
    }
  }
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, max)
    .map(([pair]) => pair);
}
