/** The metrics of all instances and tenants that a scope covers, scrape after scrape. */
import { covers, type Scope, subjectOf } from '../../core/access/scope.ts';
import { STATES, type State } from '../../core/lifecycle/instance.ts';
import { MAX_TENANTS, TenantSeries } from '../../core/observing/tenant-series.ts';
import type { QuotaFace } from '../../core/quota/quota-face.ts';
import type { UsageFace } from '../../core/usage/usage-face.ts';
import type { InstanceReading } from '../../core/verbs/instance-reading.ts';
import type { SupervisorFace } from '../../core/verbs/supervisor-face.ts';
import { OF_INSTANCES, OF_QUOTAS, OF_REFUSALS, OF_USAGE, type TenantQuota } from './tenant-metric-table.ts';
import { TenantMetricsWriter } from './tenant-metrics.ts';
import { headText, labelText, sampleText } from './text-format.ts';

export interface ScopeMetricsSources {
  readonly supervisor: Pick<SupervisorFace, 'readings' | 'quotas'>;
  readonly usage: Pick<UsageFace, 'sinceStart'>;
}

export class ScopeMetrics {
  private readonly sources: ScopeMetricsSources;
  private readonly scope: Scope;
  private readonly series: TenantSeries;
  /** Quotas of several tenants have no meaningful sum. */
  private readonly hasQuotas: boolean;
  private readonly instances = new TenantMetricsWriter(OF_INSTANCES);
  private readonly usage = new TenantMetricsWriter(OF_USAGE);
  private readonly refusals = new TenantMetricsWriter(OF_REFUSALS);
  private readonly quotas = new TenantMetricsWriter(OF_QUOTAS);

  /** @param isPerTenant whether tenants have series of their own */
  constructor(sources: ScopeMetricsSources, scope: Scope, isPerTenant: boolean) {
    this.sources = sources;
    this.scope = scope;
    this.series = new TenantSeries(isPerTenant ? MAX_TENANTS : 0);
    this.hasQuotas = isPerTenant;
  }

  /** @returns the text in pieces */
  async text(): Promise<string[]> {
    const { series, sources, usage, refusals, quotas } = this;
    series.begin();
    const instances = await this.instanceText();
    const used = covered(sources.usage.sinceStart(), ([tenant]) => this.sees(tenant));
    const refused = covered(sources.supervisor.quotas.refusedRequests(), ({ tenantId }) => this.sees(tenantId));
    return [
      ...instances,
      ...(await usage.write(used, series)),
      ...(await refusals.write(refused, series)),
      ...(this.hasQuotas ? await quotas.write(this.eachQuota(sources.supervisor.quotas), series) : []),
    ];
  }

  private async instanceText(): Promise<string[]> {
    const states = new Map<State, number>(STATES.map((state) => [state, 0]));
    const count = ({ state }: InstanceReading) => void states.set(state, (states.get(state) ?? 0) + 1);
    const text = await this.instances.write(this.eachInstance(), this.series, count);
    const name = 'tenement_instances';
    const samples = Array.from(states, ([state, instances]) =>
      sampleText(name, labelText([['state', state]]), instances),
    );
    return [headText({ name, help: 'Registered instances by state.', type: 'gauge' }), ...samples, ...text];
  }

  private eachInstance(): Iterable<InstanceReading> {
    const { sources, scope } = this;
    if (scope.kind === 'admin') return sources.supervisor.readings();
    return sources.supervisor.readings((instance) => covers(scope, subjectOf(instance)));
  }

  private *eachQuota(quotas: QuotaFace): Generator<TenantQuota> {
    for (const tenantId of covered(quotas.metered(), (tenant) => this.sees(tenant)))
      for (const view of quotas.quotasOf(tenantId)) yield { ...view, tenantId };
  }

  private sees(tenantId: string): boolean {
    return covers(this.scope, { service: null, tenantId });
  }
}

function* covered<Thing>(things: Iterable<Thing>, isCovered: (thing: Thing) => boolean): Generator<Thing> {
  for (const thing of things) if (isCovered(thing)) yield thing;
}
