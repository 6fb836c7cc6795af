/**
 * The one list of a service's keys: the name of each in tenement.toml, and how a changed value takes effect. The messages
 * of a reload, its restarts, the fingerprint of a process and the terms of a start derive from this list. Pure.
 */
import { LIMITS } from '../limits/limit-table.ts';
import type { Limits } from '../limits/limits.ts';
import type { ServiceConfig } from './service.ts';

/**
 * How a changed value takes effect.
 *
 * - `restart`: running processes are restarted.
 * - `start`: at once. The key also decides whether a start succeeds, so a start that failed or is under way begins again.
 * - `next-start`: when an instance is started next. A running process keeps the value that it was started with.
 * - `live`: at once.
 */
type WhenChanged = 'restart' | 'start' | 'next-start' | 'live';

interface ServiceKey {
  readonly key: string;
  readonly whenChanged: WhenChanged;
}

type NotLimits = Omit<ServiceConfig, 'name' | 'defaulted' | keyof Limits>;

const OWN_KEYS = {
  command: { key: 'command', whenChanged: 'restart' },
  workdir: { key: 'workdir', whenChanged: 'restart' },
  socket: { key: 'socket', whenChanged: 'restart' },
  socketMode: { key: 'socket_mode', whenChanged: 'restart' },
  socketGroup: { key: 'socket_group', whenChanged: 'restart' },
  publicSocket: { key: 'public_socket', whenChanged: 'live' },
  listen: { key: 'listen', whenChanged: 'restart' },
  health: { key: 'health', whenChanged: 'start' },
  healthHost: { key: 'health_host', whenChanged: 'start' },
  healthTimeoutMs: { key: 'health_timeout', whenChanged: 'start' },
  restart: { key: 'restart', whenChanged: 'live' },
  idleTimeoutMs: { key: 'idle_timeout', whenChanged: 'live' },
  idleAction: { key: 'idle_action', whenChanged: 'live' },
  suspendTimeoutMs: { key: 'suspend_timeout', whenChanged: 'live' },
  startupTimeoutMs: { key: 'startup_timeout', whenChanged: 'start' },
  stopTimeoutMs: { key: 'stop_timeout', whenChanged: 'live' },
  drainTimeoutMs: { key: 'drain_timeout', whenChanged: 'live' },
  requestTimeoutMs: { key: 'request_timeout', whenChanged: 'live' },
  wakeQueue: { key: 'wake_queue', whenChanged: 'live' },
  retry: { key: 'retry', whenChanged: 'live' },
  isolation: { key: 'isolation', whenChanged: 'restart' },
  network: { key: 'network', whenChanged: 'restart' },
  user: { key: 'user', whenChanged: 'restart' },
  readOnlyPaths: { key: 'read_only_paths', whenChanged: 'restart' },
  readWritePaths: { key: 'read_write_paths', whenChanged: 'restart' },
  sockets: { key: 'sockets', whenChanged: 'restart' },
  tmpLimitBytes: { key: 'tmp_limit_mb', whenChanged: 'restart' },
  storageAction: { key: 'storage_action', whenChanged: 'live' },
  logLimitBytes: { key: 'log_limit_mb', whenChanged: 'next-start' },
  selfApi: { key: 'self_api', whenChanged: 'restart' },
  maxBusyMs: { key: 'max_busy', whenChanged: 'live' },
  inheritEnv: { key: 'inherit_env', whenChanged: 'restart' },
  env: { key: 'env', whenChanged: 'restart' },
  secretsEnv: { key: 'secrets_env', whenChanged: 'restart' },
  secrets: { key: 'secrets', whenChanged: 'restart' },
  hooks: { key: 'provision', whenChanged: 'live' },
} as const satisfies Record<keyof NotLimits, ServiceKey>;

type OwnKeys = typeof OWN_KEYS;
type LimitOf<Field extends keyof Limits> = Extract<(typeof LIMITS)[keyof typeof LIMITS], { readonly field: Field }>;

/** Fields whose change restarts processes. */
type RestartField =
  | { [Field in keyof OwnKeys]: OwnKeys[Field]['whenChanged'] extends 'restart' ? Field : never }[keyof OwnKeys]
  | { [Field in keyof Limits]: LimitOf<Field>['isForLife'] extends true ? Field : never }[keyof Limits];
/** The keys by the names of a service's fields. */
export const SERVICE_KEYS: ReadonlyMap<string, ServiceKey> = new Map<string, ServiceKey>([
  ...Object.entries(OWN_KEYS),
  ...Object.values(LIMITS).map(({ key, field, isForLife }): [string, ServiceKey] => [
    field,
    // The kernel applies the other limits to a running process.
    { key, whenChanged: isForLife ? 'restart' : 'start' },
  ]),
]);

/** Returns the values that a process of this service is started with. Templates are not filled in. */
export function startedWith(service: ServiceConfig): Pick<ServiceConfig, RestartField> {
  return Object.fromEntries(fieldsOf(service, 'restart')) as Pick<ServiceConfig, RestartField>;
}

/** Returns the values, apart from limits, that decide whether a start succeeds. */
export function judgedBy(service: ServiceConfig): unknown[] {
  const limits = Object.values(LIMITS).map(({ field }) => field as string);
  return fieldsOf(service, 'start')
    .filter(([field]) => !limits.includes(field))
    .map(([, value]) => value);
}

function fieldsOf(service: ServiceConfig, whenChanged: WhenChanged): [field: string, value: unknown][] {
  const values = new Map<string, unknown>(Object.entries(service));
  return [...SERVICE_KEYS]
    .filter(([, declared]) => declared.whenChanged === whenChanged)
    .map(([field]) => [field, values.get(field)]);
}
