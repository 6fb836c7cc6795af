/** The parts of one instance's runner, joined to each other. What happens in them comes to the runner as events. */
import type { Demand } from '../../core/admission/demand.ts';
import type { InstanceName, InstanceRecord } from '../../core/lifecycle/instance.ts';
import type { Lifecycle, LifecycleEvent } from '../../core/lifecycle/lifecycle-events.ts';
import type { ActivationSockets, Launcher, LaunchRequest } from '../../core/ports.ts';
import type { WebAddress } from '../../core/routing/web-address.ts';
import type { ServiceConfig, Settings } from '../../core/service/service.ts';
import { Consumption } from '../activity/consumption.ts';
import type { ConnectionCounts } from '../activity/direct-traffic.ts';
import type { Generations } from '../activity/generations.ts';
import { Clientele } from '../admission/clientele.ts';
import type { StartSlots } from '../admission/start-slots.ts';
import type { StartTimes } from '../admission/start-times.ts';
import { CurrentProcess } from './current-process.ts';
import { InFlight } from './in-flight.ts';
import { Journal, type JournalDeps } from './journal.ts';
import { PublicEndpoint } from './public-endpoint.ts';
import { RequestGate } from './request-gate.ts';
import { ServingMonitor } from './serving-monitor.ts';
import { Suspension } from './suspension.ts';

export interface RunnerDeps extends JournalDeps {
  /** Asked each time: a reload may change them. */
  settings(): Settings;
  readonly launcher: Launcher;
  readonly activationSockets: Omit<ActivationSockets, 'close'>;
  readonly slots: StartSlots;
  readonly startTimes: StartTimes;
  readonly generations: Generations;
  /** Connections to each socket, by the path that was bound. */
  connections(): ConnectionCounts;
  webAddressOf(service: string, tenantId: string): WebAddress;
  /** 0 to 1. */
  random(): number;
  /** One of this tenant has a process from now on, or is about to. */
  onStarting(tenantId: string): void;
}

/** What the parts ask of the runner. */
export interface Host {
  readonly name: InstanceName;
  readonly tenantId: string;
  service(): ServiceConfig;
  lifecycle(): Lifecycle;
  request(): LaunchRequest;
  /** Who needs it started. */
  demand(): Demand;
  dispatch(event: LifecycleEvent): void;
  /** The last request that was held has left. */
  onDeserted(): void;
}

export interface Parts {
  readonly inFlight: InFlight;
  readonly clientele: Clientele;
  readonly journal: Journal;
  readonly endpoint: PublicEndpoint;
  readonly current: CurrentProcess;
  readonly consumption: Consumption;
  readonly monitor: ServingMonitor;
  readonly suspension: Suspension;
  readonly gate: RequestGate;
}

/** @throws {TenementError} `socket_path_too_long`, `bad_config` */
export function partsOf(host: Host, record: InstanceRecord, deps: RunnerDeps): Parts {
  const { clock } = deps;
  const inFlight = new InFlight(record.requests, record.lastActivityAtMs ?? 0);
  const clientele = new Clientele();
  const journal = new Journal(record, inFlight, deps);
  const endpoint = new PublicEndpoint({ ...host, ...deps }, host.service());
  const current = new CurrentProcess({ ...host, ...deps, journal });
  const consumption = new Consumption({ ...host, logger: deps.logger, current, journal });
  const suspension = new Suspension({
    clock,
    connections: deps.connections,
    onNeeded: () => host.dispatch({ type: 'wake' }),
    onKilled: () => host.dispatch({ type: 'exited', code: null }),
    onOver: () => host.dispatch({ type: 'evict' }),
  });
  const monitor = makeServingMonitor(host, deps, { inFlight, journal, current });
  const gate = new RequestGate({
    ...host,
    clock,
    settings: deps.settings,
    inFlight,
    clientele,
    onNeeded: () => host.dispatch({ type: 'wake' }),
    onUsed: () => journal.used(),
    onQuiet: () => monitor.quiet(),
  });
  return { inFlight, clientele, journal, endpoint, current, consumption, monitor, suspension, gate };
}

type Watched = Pick<Parts, 'inFlight' | 'journal' | 'current'>;

function makeServingMonitor(host: Host, deps: RunnerDeps, { inFlight, journal, current }: Watched): ServingMonitor {
  return new ServingMonitor({
    instance: host.name,
    logger: deps.logger,
    clock: deps.clock,
    random: deps.random,
    settings: deps.settings,
    service: host.service,
    next: () => host.lifecycle().next,
    inFlight,
    ownConnections: deps.generations.ownConnections,
    connections: deps.connections,
    listeners: () => deps.activationSockets.listeners(host.name),
    onUsed: () => journal.used(),
    onIdle: () => host.dispatch({ type: 'sleep', isIdle: true }),
    onUnhealthy: (detail) => current.condemn('unhealthy', detail, { type: 'unhealthy' }),
  });
}
