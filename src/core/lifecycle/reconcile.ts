/** Differences between the served config and another. Pure. */
import type { Config, ListedInstance, ServiceConfig } from '../service/service.ts';
import { SERVICE_KEYS } from '../service/service-keys.ts';

export interface ServiceChange {
  readonly name: string;
  /** Keys of ServiceConfig that differ. */
  readonly keys: readonly string[];
  /** Whether running instances are restarted for them. */
  readonly restarts: boolean;
}

export interface PlanChange {
  readonly name: string;
  readonly change: 'new' | 'removed' | 'changed';
}

export interface ConfigDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly ServiceChange[];
  /** `[instances]` that are new, or were only registered and are to be started now. */
  readonly instances: readonly ListedInstance[];
  readonly plans: readonly PlanChange[];
  /** Tables with differences that take effect at once, such as "settings". */
  readonly live: readonly string[];
  /** Keys that take effect only at a restart of the server, such as "proxy.listen". */
  readonly needsRestart: readonly string[];
}

/** A field of the config that changes only with a restart of the server. */
interface FixedField {
  readonly table: 'settings' | 'proxy' | 'api';
  /** Key in the table, or in its table of limits. */
  readonly field: string;
  readonly isLimit?: true;
  /** Its key in tenement.toml; null: it follows from another field of this list. */
  readonly key: string | null;
}

const FIXED: readonly FixedField[] = [
  { table: 'settings', field: 'dataDir', key: 'data_dir' },
  { table: 'settings', field: 'stateDir', key: null },
  { table: 'settings', field: 'runtimeDir', key: 'runtime_dir' },
  { table: 'settings', field: 'runtimeDirSource', key: null },
  { table: 'proxy', field: 'workers', key: 'workers' },
  { table: 'proxy', field: 'listen', key: 'listen' },
  { table: 'proxy', field: 'socketGroup', key: 'socket_group' },
  { table: 'proxy', field: 'maxConnections', isLimit: true, key: 'max_connections' },
  { table: 'proxy', field: 'maxConnectionsPerClient', isLimit: true, key: 'max_connections_per_client' },
  { table: 'proxy', field: 'maxHeaderBytes', isLimit: true, key: 'max_header_kb' },
  { table: 'proxy', field: 'headerTimeoutMs', isLimit: true, key: 'header_timeout' },
  { table: 'proxy', field: 'keepAliveTimeoutMs', isLimit: true, key: 'keep_alive_timeout' },
  { table: 'proxy', field: 'bodyIdleTimeoutMs', isLimit: true, key: 'body_idle_timeout' },
  { table: 'api', field: 'listen', key: 'listen' },
  { table: 'api', field: 'auth', key: 'auth' },
];

export function diffConfigs(was: Config, is: Config): ConfigDiff {
  const names = [...is.services.keys()];
  const known = new Map(was.instances.map(({ service, tenantId, start }) => [`${service}:${tenantId}`, start]));
  return {
    added: names.filter((name) => !was.services.has(name)),
    removed: [...was.services.keys()].filter((name) => !is.services.has(name)),
    changed: names.flatMap((name) => changeOf(was.services.get(name), is.services.get(name), is)),
    instances: is.instances.filter(({ service, tenantId, start }) => {
      const before = known.get(`${service}:${tenantId}`);
      return before === undefined || (start && !before);
    }),
    plans: planChanges(was.plans, is.plans),
    live: liveTables(was, is),
    needsRestart: fixedKeys(was, is),
  };
}

export function isEmptyDiff(diff: ConfigDiff): boolean {
  return Object.values(diff).every((part) => part.length === 0);
}

/** Returns the new config, with the old values of keys that take effect only at a restart of the server. */
export function applicable(was: Config, is: Config): Config {
  return {
    ...is,
    settings: { ...is.settings, ...fixedOf('settings', was.settings) },
    proxy: { ...is.proxy, ...fixedOf('proxy', was.proxy), limits: was.proxy.limits },
    tls: applicableTls(was, is),
    api: was.api,
  };
}

/** What listens where changes only with a restart of the server. */
function applicableTls({ tls: was }: Config, { tls: is }: Config): Config['tls'] {
  return was === null || is === null ? was : { ...is, listen: was.listen };
}

function planChanges(was: Config['plans'], is: Config['plans']): PlanChange[] {
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((name): PlanChange[] => {
    if (!was.has(name)) return [{ name, change: 'new' }];
    if (!is.has(name)) return [{ name, change: 'removed' }];
    return same(was.get(name), is.get(name)) ? [] : [{ name, change: 'changed' }];
  });
}

function changeOf(was: ServiceConfig | undefined, is: ServiceConfig | undefined, { plans }: Config): ServiceChange[] {
  if (was === undefined || is === undefined) return [];
  const { defaulted: before, ...wasGiven } = was;
  const { defaulted: now, ...isGiven } = is;
  // A plan bounds a key that is left out otherwise than one at its default.
  const restated = plans.size === 0 ? [] : differingMembers(before, now);
  const keys = [...new Set([...differing(wasGiven, isGiven), ...restated])];
  const restarts = keys.some((field) => SERVICE_KEYS.get(field)?.whenChanged === 'restart');
  return keys.length === 0 ? [] : [{ name: is.name, keys, restarts }];
}

function liveTables(was: Config, is: Config): string[] {
  const taken = applicable(was, is);
  return [
    ...(same(was.settings, taken.settings) ? [] : ['settings']),
    ...(same(was.proxy, taken.proxy) ? [] : ['proxy']),
    ...(same(was.api, taken.api) ? [] : ['api']),
    ...(same(was.tls, taken.tls) ? [] : ['tls']),
    ...(same(routingOf(was), routingOf(is)) ? [] : ['routing']),
    ...(same(was.tenants, is.tenants) ? [] : ['tenants']),
    ...(same(was.notify, is.notify) ? [] : ['notify']),
    ...(same(was.telemetry, is.telemetry) ? [] : ['telemetry']),
    ...(same(was.backup, is.backup) ? [] : ['backup']),
  ];
}

function routingOf({ aliases, tenantFrom, jwt }: Config): unknown {
  return [[...aliases], tenantFrom, jwt];
}

function fixedKeys(was: Config, is: Config): string[] {
  const keys = FIXED.flatMap((fixed) => {
    const { table, key } = fixed;
    return key === null || same(fixedValue(was, fixed), fixedValue(is, fixed)) ? [] : [`${table}.${key}`];
  });
  return same(was.tls?.listen, is.tls?.listen) ? keys : [...keys, 'tls.listen'];
}

function fixedValue(config: Config, { table, field, isLimit }: FixedField): unknown {
  const holder: object = isLimit ? config.proxy.limits : config[table];
  return new Map<string, unknown>(Object.entries(holder)).get(field);
}

/** Lists changes of a table that take effect only at a restart of the server. */
function fixedOf<Table extends object>(name: FixedField['table'], table: Table): Partial<Table> {
  const fixed = FIXED.filter((one) => one.table === name && !one.isLimit).map(({ field }) => field);
  return Object.fromEntries(Object.entries(table).filter(([field]) => fixed.includes(field))) as Partial<Table>;
}

function differingMembers(one: readonly string[], other: readonly string[]): string[] {
  return [...one, ...other].filter((member) => one.includes(member) !== other.includes(member));
}

function differing(was: object, is: object): string[] {
  const before = new Map<string, unknown>(Object.entries(was));
  return Object.entries(is)
    .filter(([key, value]) => !same(before.get(key), value))
    .map(([key]) => key);
}

/** Compares as JSON, which configs consist of. */
function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
