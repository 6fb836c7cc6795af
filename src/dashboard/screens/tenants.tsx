/** All tenants, to search, filter and sort. */
import { useMemo } from 'preact/hooks';
import type { TenantRow } from '../../core/dashboard/views.ts';
import { Badge, Empty, Foreign, When } from '../components/basics.tsx';
import { type Column, CountLine, DataTable } from '../components/data-table.tsx';
import { commonLabels, matchingTenants } from '../model/filter.ts';
import { bytes, count } from '../model/format.ts';
import { tenantPath } from '../model/route.ts';
import { type Rows, rowsOf, statesByTenant } from '../model/rows.ts';
import { orderOf, orderText, sortRows } from '../model/sort.ts';
import { TENANT_TONES } from '../model/states.ts';
import { rows } from '../state/live.ts';
import { route, setQuery } from '../state/location.ts';
import { sessionState } from '../state/session.ts';
import { Filters, useFilter } from './filters.tsx';

const NO_ROWS: Rows = rowsOf({ instances: [], tenants: [] });
const MAX_LABELS = 50;

function columnsOf(instances: ReadonlyMap<string, readonly string[]>): readonly Column<TenantRow>[] {
  const statesOf = ({ id }: TenantRow) => instances.get(id) ?? [];
  return [
    { id: 'tenant', title: 'Tenant', value: ({ id }) => id, cell: ({ id }) => <a href={tenantPath(id)}>{id}</a> },
    { id: 'state', title: 'State', value: ({ state }) => state, cell: ({ state }) => <Badge state={state} /> },
    {
      id: 'instances',
      title: 'Instances',
      value: (row) => statesOf(row).join(),
      cell: (row) => <States states={statesOf(row)} />,
    },
    {
      id: 'plan',
      title: 'Plan',
      from: 'tablet',
      value: ({ plan }) => plan,
      cell: ({ plan }) => <Foreign text={plan ?? ''} />,
    },
    {
      id: 'requests',
      title: 'Requests, month',
      isNumber: true,
      from: 'tablet',
      value: ({ requestsThisMonth }) => requestsThisMonth,
      cell: ({ requestsThisMonth }) => count(requestsThisMonth),
    },
    {
      id: 'storage',
      title: 'Storage',
      isNumber: true,
      from: 'wide',
      value: ({ storageBytes }) => storageBytes,
      cell: ({ storageBytes }) => bytes(storageBytes),
    },
    {
      id: 'domains',
      title: 'Domains',
      isNumber: true,
      from: 'wide',
      value: ({ domains }) => domains,
      cell: ({ domains }) => count(domains),
    },
    {
      id: 'expires',
      title: 'Expires',
      isNumber: true,
      from: 'wide',
      value: ({ expiresAt }) => expiresAt,
      cell: ({ expiresAt }) => <When at={expiresAt} />,
    },
    {
      id: 'labels',
      title: 'Labels',
      from: 'wide',
      value: ({ labels }) => Object.entries(labels).join() || null,
      cell: ({ labels }) => <Foreign text={labelText(labels)} />,
    },
  ];
}

function labelText(labels: TenantRow['labels']): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}

/** One badge for one instance, numbers for several. */
function States({ states }: { states: readonly string[] }) {
  const counts = new Map<string, number>();
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1);
  return (
    <>
      {Array.from(counts, ([state, number]) => (
        <span key={state}>
          {states.length > 1 && `${number} `}
          <Badge state={state} />{' '}
        </span>
      ))}
    </>
  );
}

const COLUMN_IDS = columnsOf(new Map()).map(({ id }) => id);

export function TenantsScreen() {
  const all = rows.value ?? NO_ROWS;
  const filter = useFilter();
  const order = orderOf(route.value.query.get('sort'), COLUMN_IDS, 'tenant');
  const columns = useMemo(() => columnsOf(statesByTenant(all)), [all]);
  const shown = useMemo(() => {
    const column = columns.find(({ id }) => id === order.column);
    return sortRows(matchingTenants(all, filter), (row) => column?.value(row) ?? null, keyOf, order.descending);
  }, [all, route.value]);
  const session = sessionState.value.kind === 'in' ? sessionState.value.session : null;
  return (
    <>
      <div class="table-head">
        <h1>Tenants</h1>
        <CountLine shown={shown.length} all={all.tenants.size} noun="tenant" />
        <Filters
          noun="tenants"
          labels={useMemo(() => commonLabels(all, MAX_LABELS), [all.tenants.size])}
          choices={[
            { key: 'state', title: 'State', values: Object.keys(TENANT_TONES) },
            { key: 'plan', title: 'Plan', values: session?.plans ?? [] },
          ]}
        />
      </div>
      <DataTable
        label="Tenants"
        columns={columns}
        rows={shown}
        order={order}
        onOrder={(next) => setQuery({ sort: orderText(next, 'tenant') }, true)}
        keyOf={keyOf}
        pathOf={({ id }) => tenantPath(id)}
        empty={<Empty>{all.tenants.size === 0 ? 'No tenant is registered yet.' : 'No tenant matches.'}</Empty>}
      />
    </>
  );
}

function keyOf({ id }: TenantRow): string {
  return id;
}
