/** Prometheus metrics: one registry for each API, filled from the supervisor at each scrape. */
import { Counter, Gauge, Registry } from 'prom-client';
import { ADMIN, covers, type Scope, subjectOf } from '../../core/access/scope.ts';
import type { CertificateFace } from '../../core/acme/certificate-face.ts';
import type { TurnedAway } from '../../core/admission/turned-away.ts';
import type { BackupFace } from '../../core/backup/backup-face.ts';
import type { IdentityReading } from '../../core/identity/identity-reading.ts';
import { STATES } from '../../core/lifecycle/instance.ts';
import type { NotifyPort } from '../../core/notify/notify-port.ts';
import type { TlsReading } from '../../core/tls/tls-reading.ts';
import type { UsageFace } from '../../core/usage/usage-face.ts';
import type { SupervisorFace } from '../../core/verbs/supervisor-face.ts';
import type { InstanceView } from '../../core/verbs/verbs.ts';
import { faultCount } from '../../faults.ts';
import { addBackupMetrics } from './backup-metrics.ts';
import { addCertificateMetrics } from './certificate-metrics.ts';
import { addHookMetrics } from './hook-metrics.ts';
import { addIdentityMetrics } from './identity-metrics.ts';
import { addNotifyMetrics } from './notify-metrics.ts';
import { addProcessMetrics } from './process-metrics.ts';
import { addQuotaMetrics } from './quota-metrics.ts';
import { addTlsMetrics } from './tls-metrics.ts';
import { addUsageMetrics } from './usage-metrics.ts';

type Views = () => readonly InstanceView[];

interface MetricSources {
  readonly supervisor: Pick<SupervisorFace, 'list' | 'page' | 'quotas' | 'hooks'>;
  readonly turnedAway: TurnedAway;
  readonly identity: IdentityReading;
  readonly tls: TlsReading;
  readonly notify: Pick<NotifyPort, 'counts'>;
  readonly backups: Pick<BackupFace, 'states' | 'isOn'>;
  readonly certificates: Pick<CertificateFace, 'list' | 'isOn'>;
  readonly usage: Pick<UsageFace, 'sinceStart'>;
}

type ServerSources = Omit<MetricSources, 'supervisor'> & Pick<SupervisorFace, 'quotas' | 'hooks'>;

type InstanceReading = (view: InstanceView) => number | null;

const COUNTERS: readonly (readonly [name: string, help: string, read: InstanceReading])[] = [
  ['requests_total', 'Requests forwarded to the instance.', (view) => view.requests],
  ['restarts_total', 'Restarts after a crash.', (view) => view.restarts],
  ['wakes_total', 'Times that a request woke the instance.', (view) => view.wakes],
];

const GAUGES: readonly (readonly [name: string, help: string, read: InstanceReading])[] = [
  ['memory_bytes', 'Resident memory of the process tree.', (view) => view.memoryBytes],
  ['storage_bytes', 'Size of the tenant directory on disk, if it has a limit.', (view) => view.storageBytes],
  ['cpu_seconds', 'Processor time of the current process tree.', (view) => view.cpuSeconds],
  ['in_flight', 'Requests being answered.', (view) => view.inFlight],
  ['open_streams', 'Open WebSockets and event streams.', (view) => view.openStreams],
  ['open_connections', 'Open connections directly to the socket.', (view) => view.openConnections],
];

const LABELS = ['service', 'tenant'];

export interface Metrics {
  readonly contentType: string;
  /** Returns the text of one scrape: of the server with all instances, or only of the instances that `scope` covers. */
  scrape(scope: Scope): Promise<string>;
}

/**
 * Creates the registry at the first scrape, because monitoring the event loop for the default metrics has a steady
 * cost.
 */
export function createMetrics({ supervisor, ...others }: MetricSources): Metrics {
  let registry: Registry | null = null;
  let all: readonly InstanceView[] = [];
  return {
    contentType: Registry.PROMETHEUS_CONTENT_TYPE,
    scrape: (scope) => {
      if (scope.kind !== 'admin') {
        const isSeen = (instance: string) => covers(scope, subjectOf(instance));
        const { instances } = supervisor.page({ isSeen });
        const seen = withInstances(new Registry(), () => instances);
        addQuotaMetrics(seen, supervisor.quotas, (tenantId) => covers(scope, { service: null, tenantId }));
        addUsageMetrics(seen, others.usage, scope);
        return seen.metrics();
      }
      // All metrics of a scrape share one list, since there may be thousands of instances.
      all = supervisor.list();
      const { quotas, hooks } = supervisor;
      registry ??= serverRegistry(() => all, { ...others, quotas, hooks });
      return registry.metrics();
    },
  };
}

function serverRegistry(
  views: Views,
  { turnedAway, identity, tls, notify, backups, certificates, quotas, hooks, usage }: ServerSources,
): Registry {
  const registry = new Registry();
  addProcessMetrics(registry);
  addTurnedAway(registry, turnedAway);
  addIdentityMetrics(registry, identity);
  addTlsMetrics(registry, tls);
  addFaults(registry);
  addNotifyMetrics(registry, notify);
  addBackupMetrics(registry, backups);
  addCertificateMetrics(registry, certificates);
  addQuotaMetrics(registry, quotas, () => true);
  addUsageMetrics(registry, usage, ADMIN);
  addHookMetrics(registry, hooks);
  return withInstances(registry, views);
}

function withInstances(registry: Registry, views: Views): Registry {
  addStates(registry, views);
  for (const [name, help, figure] of COUNTERS) addCounter(registry, views, name, help, figure);
  for (const [name, help, figure] of GAUGES) addGauge(registry, views, name, help, figure);
  return registry;
}

function addStates(registry: Registry, views: Views): void {
  new Gauge({
    name: 'tenement_instances',
    help: 'Registered instances by state.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      for (const state of STATES) this.set({ state }, 0);
      for (const view of views()) this.inc({ state: view.state });
    },
  });
}

function addTurnedAway(registry: Registry, turnedAway: TurnedAway): void {
  new Counter({
    name: 'tenement_connections_turned_away_total',
    help: 'Connections refused because too many were open.',
    labelNames: ['listener'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [listener, connections] of turnedAway.entries()) this.inc({ listener }, connections);
    },
  });
}

function addFaults(registry: Registry): void {
  new Counter({
    name: 'tenement_uncaught_errors_total',
    help: 'Unexpected errors inside tenement; the log has each with its stack.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(faultCount());
    },
  });
}

function addCounter(registry: Registry, views: Views, name: string, help: string, read: InstanceReading): void {
  new Counter({
    name: `tenement_instance_${name}`,
    help,
    labelNames: LABELS,
    registers: [registry],
    collect() {
      // Copies the supervisor's counts, and drops instances that are gone.
      this.reset();
      for (const view of views()) this.inc(labels(view), read(view) ?? 0);
    },
  });
}

function addGauge(registry: Registry, views: Views, name: string, help: string, read: InstanceReading): void {
  new Gauge({
    name: `tenement_instance_${name}`,
    help,
    labelNames: LABELS,
    registers: [registry],
    collect() {
      this.reset();
      for (const view of views()) {
        const value = read(view);
        if (value !== null) this.set(labels(view), value);
      }
    },
  });
}

function labels(view: InstanceView): { service: string; tenant: string } {
  return { service: view.service, tenant: view.id };
}
