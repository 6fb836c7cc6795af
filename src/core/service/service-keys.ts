/**
 * The one list of a service's keys: how each is written in tenement.toml, and what takes over another value of it. The
 * words of a reload, its restarts, the fingerprint of a process and the terms of a start derive from it. Pure.
 */
import { LIMITS } from '../limits/limit-table.ts';
import type { Limits } from '../limits/limits.ts';
import type { ServiceConfig } from './service.ts';

/**
 * - `restart`: a process is started with it, so that another value restarts the process.
 * - `start`: it decides whether a start succeeds. A running process keeps running; a start that failed or is under way is
 *   made anew.
 * - `next-start`: a process is started with it, and a running one keeps what it has.
 * - `live`: tenement itself goes by it, from the reload on.
 */
type Takeover = 'restart' | 'start' | 'next-start' | 'live';

interface ServiceKey {
  readonly key: string;
  readonly takeover: Takeover;
}

type NotLimits = Omit<ServiceConfig, 'name' | keyof Limits>;

const OWN_KEYS = {
  command: { key: 'command', takeover: 'restart' },
  workdir: { key: 'workdir', takeover: 'restart' },
  socket: { key: 'socket', takeover: 'restart' },
  socketMode: { key: 'socket_mode', takeover: 'restart' },
  socketGroup: { key: 'socket_group', takeover: 'restart' },
  listen: { key: 'listen', takeover: 'restart' },
  health: { key: 'health', takeover: 'start' },
  healthHost: { key: 'health_host', takeover: 'start' },
  healthTimeoutMs: { key: 'health_timeout', takeover: 'start' },
  restart: { key: 'restart', takeover: 'live' },
  idleTimeoutMs: { key: 'idle_timeout', takeover: 'live' },
  idleAction: { key: 'idle_action', takeover: 'live' },
  suspendTimeoutMs: { key: 'suspend_timeout', takeover: 'live' },
  startupTimeoutMs: { key: 'startup_timeout', takeover: 'start' },
  stopTimeoutMs: { key: 'stop_timeout', takeover: 'live' },
  drainTimeoutMs: { key: 'drain_timeout', takeover: 'live' },
  requestTimeoutMs: { key: 'request_timeout', takeover: 'live' },
  wakeQueue: { key: 'wake_queue', takeover: 'live' },
  retry: { key: 'retry', takeover: 'live' },
  isolation: { key: 'isolation', takeover: 'restart' },
  network: { key: 'network', takeover: 'restart' },
  user: { key: 'user', takeover: 'restart' },
  readOnlyPaths: { key: 'read_only_paths', takeover: 'restart' },
  readWritePaths: { key: 'read_write_paths', takeover: 'restart' },
  sockets: { key: 'sockets', takeover: 'restart' },
  tmpLimitBytes: { key: 'tmp_limit_mb', takeover: 'restart' },
  storageAction: { key: 'storage_action', takeover: 'live' },
  logLimitBytes: { key: 'log_limit_mb', takeover: 'next-start' },
  inheritEnv: { key: 'inherit_env', takeover: 'restart' },
  env: { key: 'env', takeover: 'restart' },
} as const satisfies Record<keyof NotLimits, ServiceKey>;

type OwnKeys = typeof OWN_KEYS;
type LimitOf<Field extends keyof Limits> = Extract<(typeof LIMITS)[keyof typeof LIMITS], { readonly field: Field }>;

/** The fields of a service with which its process is started. */
type RestartField =
  | { [Field in keyof OwnKeys]: OwnKeys[Field]['takeover'] extends 'restart' ? Field : never }[keyof OwnKeys]
  | { [Field in keyof Limits]: LimitOf<Field>['isForLife'] extends true ? Field : never }[keyof Limits];
/** By the names of a service's fields, in the order of a service. */
export const SERVICE_KEYS: ReadonlyMap<string, ServiceKey> = new Map<string, ServiceKey>([
  ...Object.entries(OWN_KEYS),
  ...Object.values(LIMITS).map(({ key, field, isForLife }): [string, ServiceKey] => [
    field,
    // The kernel takes the others over under a running process, and each may decide whether a start succeeds.
    { key, takeover: isForLife ? 'restart' : 'start' },
  ]),
]);

/** What a process of this service is started with, but for the templates that are filled in. */
export function startedWith(service: ServiceConfig): Pick<ServiceConfig, RestartField> {
  return Object.fromEntries(fieldsOf(service, 'restart')) as Pick<ServiceConfig, RestartField>;
}

/** The values, beside its limits, that decide whether a start succeeds. */
export function judgedBy(service: ServiceConfig): unknown[] {
  const limits = Object.values(LIMITS).map(({ field }) => field as string);
  return fieldsOf(service, 'start')
    .filter(([field]) => !limits.includes(field))
    .map(([, value]) => value);
}

function fieldsOf(service: ServiceConfig, takeover: Takeover): [field: string, value: unknown][] {
  const values = new Map<string, unknown>(Object.entries(service));
  return [...SERVICE_KEYS]
    .filter(([, declared]) => declared.takeover === takeover)
    .map(([field]) => [field, values.get(field)]);
}
