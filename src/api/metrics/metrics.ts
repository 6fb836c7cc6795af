/** Prometheus metrics: one registry for each API, filled from the supervisor at each scrape. */
import { Counter, Gauge, Registry } from 'prom-client';
import type { TurnedAway } from '../../core/admission/turned-away.ts';
import type { InstanceView, SupervisorVerbs } from '../../core/input/verbs.ts';
import { STATES } from '../../core/lifecycle/instance.ts';
import { faultCount } from '../../faults.ts';
import { addProcessMetrics } from './process-metrics.ts';

type InstanceLister = Pick<SupervisorVerbs, 'list'>;
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
  /** Returns the text of one scrape. */
  scrape(): Promise<string>;
}

/**
 * Creates the registry at the first scrape, because monitoring the event loop for the default metrics has a steady
 * cost.
 */
export function createMetrics(supervisor: InstanceLister, turnedAway: TurnedAway): Metrics {
  let registry: Registry | null = null;
  let views: InstanceView[] = [];
  return {
    contentType: Registry.PROMETHEUS_CONTENT_TYPE,
    scrape: () => {
      // All metrics of a scrape share one list, since there may be thousands of instances.
      views = supervisor.list();
      registry ??= makeRegistry({ list: () => views }, turnedAway);
      return registry.metrics();
    },
  };
}

function makeRegistry(supervisor: InstanceLister, turnedAway: TurnedAway): Registry {
  const registry = new Registry();
  addProcessMetrics(registry);
  addStates(registry, supervisor);
  addTurnedAway(registry, turnedAway);
  addFaults(registry);
  for (const [name, help, read] of COUNTERS) addCounter(registry, supervisor, name, help, read);
  for (const [name, help, read] of GAUGES) addGauge(registry, supervisor, name, help, read);
  return registry;
}

function addStates(registry: Registry, supervisor: InstanceLister): void {
  new Gauge({
    name: 'tenement_instances',
    help: 'Registered instances by state.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      for (const state of STATES) this.set({ state }, 0);
      for (const view of supervisor.list()) this.inc({ state: view.state });
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

function addCounter(
  registry: Registry,
  supervisor: InstanceLister,
  name: string,
  help: string,
  read: InstanceReading,
): void {
  new Counter({
    name: `tenement_instance_${name}`,
    help,
    labelNames: LABELS,
    registers: [registry],
    collect() {
      // Copies the supervisor's counts, and drops instances that are gone.
      this.reset();
      for (const view of supervisor.list()) this.inc(labels(view), read(view) ?? 0);
    },
  });
}

function addGauge(
  registry: Registry,
  supervisor: InstanceLister,
  name: string,
  help: string,
  read: InstanceReading,
): void {
  new Gauge({
    name: `tenement_instance_${name}`,
    help,
    labelNames: LABELS,
    registers: [registry],
    collect() {
      this.reset();
      for (const view of supervisor.list()) {
        const value = read(view);
        if (value !== null) this.set(labels(view), value);
      }
    },
  });
}

function labels(view: InstanceView): { service: string; tenant: string } {
  return { service: view.service, tenant: view.id };
}
