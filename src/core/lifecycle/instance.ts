/** Names, records and states of instances. */
import { TenementError } from '../../errors.ts';
import type { OwnLimits } from '../limits/limits.ts';
import { assertTenantId, isLabel } from '../tenants/tenant.ts';

/** `api:acme` */
export type InstanceName = `${string}:${string}`;

export function instanceName(service: string, tenantId: string): InstanceName {
  return `${service}:${tenantId}`;
}

/** Splits `api:acme`. @throws {TenementError} `bad_id` for anything else. */
export function parseInstanceName(text: string): { service: string; tenantId: string } {
  // Callers of the library may lack types.
  const colon = typeof text === 'string' ? text.indexOf(':') : -1;
  const service = colon < 1 ? '' : text.slice(0, colon);
  if (!isLabel(service)) {
    throw new TenementError('bad_id', `${JSON.stringify(String(text).slice(0, 150))} is not an instance`, {
      hint: 'An instance is written SERVICE:ID, for example api:acme.',
    });
  }
  const tenantId = text.slice(colon + 1);
  assertTenantId(tenantId);
  return { service, tenantId };
}

/** Returns the name that a text is. @throws {TenementError} `bad_id` */
export function namedInstance(text: string): InstanceName {
  const { service, tenantId } = parseInstanceName(text);
  return instanceName(service, tenantId);
}

/** Returns the error for an instance that is not registered, or that the caller may not see. */
export function unknownInstance(instance: string): TenementError {
  return new TenementError('unknown_tenant', `${instance} is not registered`);
}

/** Actual state. */
export const STATES = [
  'asleep',
  'starting',
  'ready',
  'suspended',
  'draining',
  'stopping',
  'backoff',
  'failed',
  'stopped',
] as const;
/** Actual state of an instance. */
export type State = (typeof STATES)[number];

/** Whether there is a process in this state: a running one, one about to start, or one whose end was not seen. */
export function hasProcess(state: State): boolean {
  return ['starting', 'ready', 'suspended', 'draining', 'stopping'].includes(state);
}

/**
 * Desired state. `up`: it should run now. `asleep`: it need not run, but a request may wake it. `stopped`: it must not
 * run until an operator starts it.
 */
export type Desired = 'up' | 'asleep' | 'stopped';

/** A process is identified by its pid and start time (field 22 of /proc/PID/stat, clock ticks since boot). */
export interface ProcessIdentity {
  readonly pid: number;
  /** null without /proc. */
  readonly startTicks: number | null;
}

/** A process with what a later server needs to take it back. */
export interface ProcessRecord extends ProcessIdentity {
  readonly bindSocket: string;
  readonly publicSocket: string | null;
  readonly port: number | null;
  /** Directories of its cgroup; empty without one. */
  readonly cgroup: readonly string[];
  /** Fingerprint of everything that it was started with. A different one means that it runs with an older config. */
  readonly spec: string;
}

export const EXIT_REASONS = [
  'exit', // ended by itself, whatever the code
  'signal', // ended by a signal that tenement did not send
  'stopped', // ended because tenement asked it to (stop, sleep, restart)
  'oom', // over its memory limit
  'storage', // over its storage limit, with `storage_action = "stop"`
  'unhealthy', // liveness probes failed
  'startup_timeout', // not ready within startup_timeout
  'start_failed', // it ran, but its socket was not where it must be
  'spawn_failed', // the command could not be run
  'lost', // gone while no supervisor watched
] as const;
/** Why a process ended. */
export type ExitReason = (typeof EXIT_REASONS)[number];

/** How the last process ended. */
export interface LastExit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly reason: ExitReason;
  /** One sentence for a person, such as "command not found: pythn", or null. */
  readonly detail: string | null;
  /** Its last lines of output, oldest first. */
  readonly lastLines: readonly string[];
  readonly atMs: number;
}

/** The last measurement of its tenant directory. */
export interface StorageRecord {
  readonly bytes: number;
  readonly measuredAtMs: number;
  /** Whether an event has reported that it is over the limit, and none yet that it is below again. */
  readonly over: boolean;
  /** Whether it is `stopped` for that reason, and not by an operator. */
  readonly stopped: boolean;
}

/** An instance as the registry keeps it. Times are ms since the epoch. */
export interface InstanceRecord {
  readonly service: string;
  readonly tenantId: string;
  /** The tenant's own variables, which override the service's. */
  readonly env: Readonly<Record<string, string>>;
  /** The tenant's own limits, which override the service's. */
  readonly limits: OwnLimits;
  readonly createdAtMs: number;
  readonly desired: Desired;
  readonly state: State;
  readonly process: ProcessRecord | null;
  readonly startedAtMs: number | null;
  readonly lastActivityAtMs: number | null;
  readonly restarts: number;
  readonly wakes: number;
  readonly lastWakeMs: number | null;
  readonly requests: number;
  readonly lastExit: LastExit | null;
  readonly crashes: CrashRecord;
  /** null: never measured, or without a limit. */
  readonly storage: StorageRecord | null;
}

/** What an instance has of its own, which overrides its service, plan and tenant. */
export type InstanceOverrides = Pick<InstanceRecord, 'env' | 'limits'>;

/** Data for the decision on the next restart. Times are ms since the epoch. */
export interface CrashHistory {
  /** Crashes that count toward a crash loop. */
  readonly crashesMs: readonly number[];
  /** Until this time one more crash is a crash loop again, because the instance was tried once after `failed`. */
  readonly probationUntilMs: number;
  /** When `backoff` or `failed` ends by itself. */
  readonly retryAtMs: number | null;
}

/** The crash history that outlives a restart of the server. */
export interface CrashRecord extends CrashHistory {
  /** Terms on which it last ran (start-terms.ts); absent when it has not crashed, or they are unknown. */
  readonly terms?: string;
}

export const NO_CRASHES: CrashHistory = { crashesMs: [], probationUntilMs: 0, retryAtMs: null };

/** Returns the record of a new registration: asleep, with all counters at zero. */
export function newRecord(service: string, tenantId: string, own: InstanceOverrides, nowMs: number): InstanceRecord {
  return {
    service,
    tenantId,
    ...own,
    createdAtMs: nowMs,
    desired: 'asleep',
    state: 'asleep',
    process: null,
    startedAtMs: null,
    lastActivityAtMs: null,
    restarts: 0,
    wakes: 0,
    lastWakeMs: null,
    requests: 0,
    lastExit: null,
    crashes: NO_CRASHES,
    storage: null,
  };
}
