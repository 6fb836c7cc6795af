/** One tenant: its state and why, and everything that can be done with it. */
import { useMemo } from 'preact/hooks';
import type { InstanceRow } from '../../../core/dashboard/views.ts';
import type { TenantView } from '../../../core/verbs/tenant-verbs.ts';
import { Badge, Foreign, ProblemBox } from '../../components/basics.tsx';
import { TENANT_TABS, type TenantTab, tenantPath } from '../../model/route.ts';
import { type Rows, rowsOf, splitInstance } from '../../model/rows.ts';
import { getJson, path } from '../../state/api.ts';
import { rows } from '../../state/live.ts';
import { type Loaded, useLoaded } from '../../state/loaded.ts';
import { permissions } from '../../state/session.ts';
import { TenantEvents } from './events.tsx';
import { TenantLogs } from './logs.tsx';
import type { TenantPart } from './part.ts';
import { TenantSecrets } from './secrets.tsx';
import { TenantSummary } from './summary.tsx';
import { TenantActions } from './tenant-actions.tsx';
import { TenantUsage } from './usage.tsx';

const NO_ROWS: Rows = rowsOf({ instances: [], tenants: [] });

export function TenantScreen({ tenant, tab }: { tenant: string; tab: TenantTab }) {
  const all = rows.value ?? NO_ROWS;
  const row = all.tenants.get(tenant);
  const instances = useMemo(() => instancesOf(all, tenant), [all, tenant]);
  const loaded: Loaded<TenantView> = useLoaded(tenant, row, (signal) =>
    getJson<TenantView>(path`/api/tenants/${tenant}`, signal),
  );
  const { value: view, problem, reload } = loaded;
  if (view === null && problem !== null && instances.length === 0) return <Missing tenant={tenant} loaded={loaded} />;
  const state = row ?? view;
  return (
    <>
      <div class="title">
        <h1>
          <Foreign text={tenant} max={70} />
        </h1>
        {state != null && <Badge state={state.state} />}
        {state != null && (
          <p class="reason">
            <Foreign text={state.reason} max={500} />
          </p>
        )}
        {view !== null && <TenantActions view={view} reload={reload} />}
      </div>
      <Tabs tenant={tenant} current={tab} hasTenant={view !== null} />
      <Part part={{ tenant, view, instances, reload }} tab={tab} />
    </>
  );
}

function Missing({ tenant, loaded: { problem, reload } }: { tenant: string; loaded: Loaded<TenantView> }) {
  return (
    <>
      <h1>
        <Foreign text={tenant} max={70} />
      </h1>
      {problem !== null && <ProblemBox problem={problem} onRetry={reload} />}
      <p>
        <a href="#/tenants">All tenants</a>
      </p>
    </>
  );
}

function instancesOf({ instances }: Rows, tenant: string): readonly InstanceRow[] {
  return Array.from(instances.values())
    .filter(({ instance }) => splitInstance(instance).id === tenant)
    .sort((a, b) => (a.instance < b.instance ? -1 : 1));
}

const TITLES = { summary: 'Summary', usage: 'Usage', logs: 'Logs', events: 'Events', secrets: 'Secrets' } as const;

function Tabs({ tenant, current, hasTenant }: { tenant: string; current: TenantTab; hasTenant: boolean }) {
  const isShown = (tab: TenantTab) => {
    if (tab === 'logs') return permissions.value.operate;
    return hasTenant || (tab !== 'usage' && tab !== 'secrets') || tab === current;
  };
  return (
    <nav class="tabs" aria-label={`Parts of ${tenant}`}>
      {TENANT_TABS.filter(isShown).map((tab) => (
        <a key={tab} href={tenantPath(tenant, tab)} aria-current={tab === current ? 'page' : undefined}>
          {TITLES[tab]}
        </a>
      ))}
    </nav>
  );
}

function Part({ part, tab }: { part: TenantPart; tab: TenantTab }) {
  switch (tab) {
    case 'summary':
      return <TenantSummary {...part} />;
    case 'usage':
      return <TenantUsage {...part} />;
    case 'logs':
      return <TenantLogs {...part} />;
    case 'events':
      return <TenantEvents {...part} />;
    case 'secrets':
      return <TenantSecrets {...part} />;
  }
}
