/** The metrics that one API serves to Prometheus, read from the server at each scrape. */
import { Registry } from 'prom-client';
import { type Scope, scopeText } from '../../core/access/scope.ts';
import type { RequestMeasures } from '../../core/observing/request-measures.ts';
import type { Config } from '../../core/service/service.ts';
import type { UsageFace } from '../../core/usage/usage-face.ts';
import type { SupervisorFace } from '../../core/verbs/supervisor-face.ts';
import { refusedText, requestText } from './request-metrics.ts';
import { ScopeMetrics } from './scope-metrics.ts';
import { type ServerSources, serverRegistry } from './server-metrics.ts';

interface MetricSources extends Omit<ServerSources, 'hooks' | 'isPerTenant'> {
  readonly supervisor: Pick<SupervisorFace, 'readings' | 'quotas' | 'hooks' | 'wakeDurations'>;
  readonly measures: Pick<RequestMeasures, 'durations' | 'refusals'>;
  readonly usage: Pick<UsageFace, 'sinceStart'>;
  config(): Config;
}

export class Metrics {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  private readonly sources: MetricSources;
  /** Created at the first scrape, because monitoring the event loop for the default metrics has a steady cost. */
  private registry: Registry | null = null;
  /** Scope → its metrics; none of single tenants, of which there may be many. */
  private readonly scopes = new Map<string, { readonly isPerTenant: boolean; readonly metrics: ScopeMetrics }>();
  /** Scrapes run one after the other, because each advances the sums. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(sources: MetricSources) {
    this.sources = sources;
  }

  /** Returns the text of one scrape in pieces: of the server with all instances, or only of what `scope` covers. */
  scrape(scope: Scope): Promise<string[]> {
    const scrape = this.last.then(() => this.text(scope));
    this.last = scrape.catch(() => {});
    return scrape;
  }

  private async text(scope: Scope): Promise<string[]> {
    const { measures, supervisor } = this.sources;
    const instances = await this.of(scope).text();
    if (scope.kind === 'tenant') return instances;
    const sees = (service: string) => scope.kind === 'admin' || scope.service === service;
    const requests = requestText(measures, supervisor.wakeDurations, sees);
    if (scope.kind !== 'admin') return [requests, ...instances];
    this.registry ??= serverRegistry({
      ...this.sources,
      hooks: supervisor.hooks,
      isPerTenant: () => this.isPerTenant,
    });
    return [`${await this.registry.metrics()}\n`, requests, refusedText(measures), ...instances];
  }

  private of(scope: Scope): ScopeMetrics {
    const { isPerTenant } = this;
    if (scope.kind === 'tenant') return new ScopeMetrics(this.sources, scope, true);
    const key = scopeText(scope);
    const known = this.scopes.get(key);
    if (known?.isPerTenant === isPerTenant) return known.metrics;
    const metrics = new ScopeMetrics(this.sources, scope, isPerTenant);
    this.scopes.set(key, { isPerTenant, metrics });
    return metrics;
  }

  private get isPerTenant(): boolean {
    return this.sources.config().api.metricsPerTenant;
  }
}
