/** All instances, to search, filter and sort. */
import { useMemo } from 'preact/hooks';
import type { InstanceRow } from '../../core/dashboard/views.ts';
import { Badge, Empty, Foreign, When } from '../components/basics.tsx';
import { type Column, CountLine, DataTable } from '../components/data-table.tsx';
import { commonLabels, matchingInstances } from '../model/filter.ts';
import { bytes, count } from '../model/format.ts';
import { tenantPath } from '../model/route.ts';
import { type Rows, rowsOf, splitInstance } from '../model/rows.ts';
import { orderOf, orderText, sortRows } from '../model/sort.ts';
import { INSTANCE_TONES } from '../model/states.ts';
import { rows } from '../state/live.ts';
import { route, setQuery } from '../state/location.ts';
import { sessionState } from '../state/session.ts';
import { Filters, useFilter } from './filters.tsx';

const NO_ROWS: Rows = rowsOf({ instances: [], tenants: [] });
const MAX_LABELS = 50;

const COLUMNS: readonly Column<InstanceRow>[] = [
  {
    id: 'instance',
    title: 'Instance',
    value: ({ instance }) => instance,
    cell: ({ instance }) => <a href={tenantPath(splitInstance(instance).id)}>{instance}</a>,
  },
  { id: 'state', title: 'State', value: ({ state }) => state, cell: ({ state }) => <Badge state={state} /> },
  {
    id: 'memory',
    title: 'Memory',
    isNumber: true,
    value: ({ memoryBytes }) => memoryBytes,
    cell: ({ memoryBytes }) => bytes(memoryBytes),
  },
  {
    id: 'requests',
    title: 'Requests',
    isNumber: true,
    from: 'tablet',
    value: ({ requests }) => requests,
    cell: ({ requests }) => count(requests),
  },
  {
    id: 'open',
    title: 'Open',
    isNumber: true,
    from: 'wide',
    value: ({ inFlight }) => inFlight,
    cell: ({ inFlight }) => count(inFlight),
  },
  {
    id: 'restarts',
    title: 'Restarts',
    isNumber: true,
    from: 'wide',
    value: ({ restarts }) => restarts,
    cell: ({ restarts }) => count(restarts),
  },
  {
    id: 'active',
    title: 'Last active',
    isNumber: true,
    from: 'tablet',
    value: ({ lastActivityAt }) => lastActivityAt,
    cell: ({ lastActivityAt }) => <When at={lastActivityAt} />,
  },
  {
    id: 'reason',
    title: 'Why',
    from: 'tablet',
    value: ({ reason }) => reason,
    cell: ({ reason }) => <Foreign text={reason} />,
  },
];

const COLUMN_IDS = COLUMNS.map(({ id }) => id);

export function InstancesScreen() {
  const all = rows.value ?? NO_ROWS;
  const filter = useFilter();
  const order = orderOf(route.value.query.get('sort'), COLUMN_IDS, 'instance');
  const shown = useMemo(() => {
    const column = COLUMNS.find(({ id }) => id === order.column);
    const found = matchingInstances(all, filter);
    return sortRows(found, (row) => column?.value(row) ?? null, keyOf, order.descending);
  }, [all, route.value]);
  const session = sessionState.value.kind === 'in' ? sessionState.value.session : null;
  return (
    <>
      <div class="table-head">
        <h1>Instances</h1>
        <CountLine shown={shown.length} all={all.instances.size} noun="instance" />
        <Filters
          noun="instances"
          labels={useMemo(() => commonLabels(all, MAX_LABELS), [all.tenants.size])}
          choices={[
            { key: 'state', title: 'State', values: Object.keys(INSTANCE_TONES) },
            { key: 'service', title: 'Service', values: session?.services ?? [] },
            { key: 'plan', title: 'Plan', values: session?.plans ?? [] },
          ]}
        />
      </div>
      <DataTable
        label="Instances"
        columns={COLUMNS}
        rows={shown}
        order={order}
        onOrder={(next) => setQuery({ sort: orderText(next, 'instance') }, true)}
        keyOf={keyOf}
        pathOf={({ instance }) => tenantPath(splitInstance(instance).id)}
        empty={<Empty>{all.instances.size === 0 ? 'No instance is registered yet.' : 'No instance matches.'}</Empty>}
      />
    </>
  );
}

function keyOf({ instance }: InstanceRow): string {
  return instance;
}
