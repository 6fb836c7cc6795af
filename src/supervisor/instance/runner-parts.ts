/** The parts of one instance's runner, wired to each other. Their events go to the runner. */
import type { Demand } from '../../core/admission/demand.ts';
import type { Refusal } from '../../core/admission/serving.ts';
import type { InstanceName, InstanceRecord } from '../../core/lifecycle/instance.ts';
import type { Lifecycle, LifecycleEvent } from '../../core/lifecycle/lifecycle-events.ts';
import type { TenantTerms } from '../../core/plans/plan.ts';
import type { ActivationSockets, Launcher, LaunchRequest, ProcessHooks, ProcessTable } from '../../core/ports.ts';
import type { Allowance } from '../../core/quota/allowance.ts';
import type { WebAddress } from '../../core/routing/web-address.ts';
import type { SecretVersion } from '../../core/secrets/sealed-secret.ts';
import type { EffectiveService } from '../../core/service/effective-service.ts';
import type { Settings } from '../../core/service/service.ts';
import type { InstanceUsage } from '../../core/usage/usage-recorder.ts';
import { Consumption } from '../activity/consumption.ts';
import type { ConnectionCounts } from '../activity/direct-traffic.ts';
import type { Generations } from '../activity/generations.ts';
import { RecentClients } from '../admission/recent-clients.ts';
import type { StartSlots } from '../admission/start-slots.ts';
import type { StartTimes } from '../admission/start-times.ts';
import { CurrentProcess } from '../attempt/current-process.ts';
import { InstanceActivity } from '../serving/instance-activity.ts';
import { RequestGate } from '../serving/request-gate.ts';
import { ServingMonitor } from '../serving/serving-monitor.ts';
import { Suspension } from '../serving/suspension.ts';
import { PublicEndpoint } from './public-endpoint.ts';
import { RecordKeeper, type RecordKeeperDeps } from './record-keeper.ts';

export interface RunnerDeps extends RecordKeeperDeps {
  /** Read each time, because a reload may change them. */
  settings(): Settings;
  readonly launcher: Launcher;
  readonly processTable: ProcessTable;
  /** null: there are none. */
  readonly processHooks: ProcessHooks | null;
  readonly activationSockets: Omit<ActivationSockets, 'close'>;
  readonly slots: StartSlots;
  readonly startTimes: StartTimes;
  readonly generations: Generations;
  /** Returns the number of connections to each socket, by bound path. */
  connections(): ConnectionCounts;
  webAddressOf(service: string, tenantId: string): WebAddress;
  /** Returns the secrets of a tenant, by name. */
  secretsOf(tenantId: string): readonly SecretVersion[];
  /** Returns what a tenant brings to its instances. */
  termsOf(tenantId: string): TenantTerms;
  /** Returns a number from 0 to 1. */
  random(): number;
  /** Reports that an instance of this tenant has a process from now on, or is about to. */
  onStarting(tenantId: string): void;
  /** Reports that what is seen of an instance has changed. */
  onChanged(instance: InstanceName): void;
  /** Returns where the use of an instance is counted. */
  usageOf(instance: InstanceName, tenantId: string): InstanceUsage;
  /** Returns the answer to requests of an instance that is closed, with its tenant or alone; null: it is open. */
  refusalOf(instance: InstanceName, tenantId: string): Refusal | null;
  /** Returns what a tenant may have forwarded; null when its plan bounds nothing. */
  allowanceOf(tenantId: string): Allowance | null;
  /** Whether an instance may not run. */
  isHalted(instance: InstanceName): boolean;
  /** Whether the requests of this tenant are held, and none of its instances may start. */
  isTenantHeld(tenantId: string): boolean;
  /** Whether hooks of its service are still to run, so that a new process would lack their secrets. */
  awaitsHooks(instance: InstanceName): boolean;
  /** Runs the hooks that are still to run for a tenant, in the background, unless they have failed a moment ago. */
  provision(tenantId: string): void;
  /** Returns the answer to requests that need a process while its hooks fail; null: they wait. */
  hooksRefusal(instance: InstanceName): Refusal | null;
}

/** The runner as its parts see it. */
export interface RunnerCallbacks {
  readonly name: InstanceName;
  readonly tenantId: string;
  service(): EffectiveService;
  lifecycle(): Lifecycle;
  request(): LaunchRequest;
  /** Returns the demand for its start. */
  demand(): Demand;
  dispatch(event: LifecycleEvent): void;
  /** Called when the last held request has left. */
  onDeserted(): void;
}

export interface RunnerParts {
  readonly usage: InstanceUsage;
  readonly inFlight: InstanceActivity;
  readonly recentClients: RecentClients;
  readonly records: RecordKeeper;
  readonly endpoint: PublicEndpoint;
  readonly current: CurrentProcess;
  readonly consumption: Consumption;
  readonly monitor: ServingMonitor;
  readonly suspension: Suspension;
  readonly gate: RequestGate;
}

/** @throws {TenementError} `socket_path_too_long`, `bad_config` */
export function makeRunnerParts(callbacks: RunnerCallbacks, record: InstanceRecord, deps: RunnerDeps): RunnerParts {
  const { clock } = deps;
  const inFlight = new InstanceActivity(record.requests, record.lastActivityAtMs ?? 0);
  const recentClients = new RecentClients();
  const usage = deps.usageOf(callbacks.name, callbacks.tenantId);
  const records = new RecordKeeper(record, inFlight, { ...deps, onWoken: () => usage.woke() });
  const endpoint = new PublicEndpoint({ ...callbacks, ...deps }, callbacks.service());
  const current = new CurrentProcess({ ...callbacks, ...deps, records, meter: usage });
  const consumption = new Consumption({
    ...{ ...callbacks, logger: deps.logger, current, records, meter: usage },
    onChanged: () => deps.onChanged(callbacks.name),
  });
  const suspension = new Suspension({
    clock,
    connections: deps.connections,
    isProxied: () => callbacks.service().publicSocket === 'proxied',
    onNeeded: () => callbacks.dispatch({ type: 'wake' }),
    onKilled: () => callbacks.dispatch({ type: 'exited', code: null }),
    onOver: () => callbacks.dispatch({ type: 'evict' }),
  });
  const monitor = makeServingMonitor(callbacks, deps, { inFlight, records, current });
  const gate = new RequestGate({
    ...callbacks,
    clock,
    settings: deps.settings,
    inFlight,
    recentClients,
    traffic: usage.traffic,
    refusal: () => deps.refusalOf(callbacks.name, callbacks.tenantId),
    hooksRefusal: () => deps.hooksRefusal(callbacks.name),
    allowance: () => deps.allowanceOf(callbacks.tenantId),
    onNeeded: () => callbacks.dispatch({ type: 'wake' }),
    onUsed: () => records.used(),
    onQuiet: () => monitor.quiet(),
    onGrantsEnded: (generation) => deps.generations.endGrants(generation),
  });
  return { usage, inFlight, recentClients, records, endpoint, current, consumption, monitor, suspension, gate };
}

type ServingParts = Pick<RunnerParts, 'inFlight' | 'records' | 'current'>;

function makeServingMonitor(
  callbacks: RunnerCallbacks,
  deps: RunnerDeps,
  { inFlight, records, current }: ServingParts,
): ServingMonitor {
  return new ServingMonitor({
    instance: callbacks.name,
    logger: deps.logger,
    clock: deps.clock,
    random: deps.random,
    settings: deps.settings,
    service: callbacks.service,
    next: () => callbacks.lifecycle().next,
    inFlight,
    ownConnections: deps.generations.ownConnections,
    connections: deps.connections,
    listeners: () => deps.activationSockets.listeners(callbacks.name),
    onUsed: () => records.used(),
    onIdle: () => callbacks.dispatch({ type: 'sleep', isIdle: true }),
    onLeftover: () => {
      const reason = 'clients are still connected to the process, from before public_socket was "proxied"';
      deps.logger.info({ instance: callbacks.name, reason }, 'restarts');
      callbacks.dispatch({ type: 'restart' });
    },
    onUnhealthy: (detail) => current.condemn('unhealthy', detail, { type: 'unhealthy' }),
  });
}
