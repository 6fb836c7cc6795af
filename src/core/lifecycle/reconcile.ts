/** What differs between the config that is served and another. Pure. */
import type { Config, ListedInstance, ServiceConfig } from '../service/service.ts';

export interface ServiceChange {
  readonly name: string;
  /** Keys of ServiceConfig that differ. */
  readonly keys: readonly string[];
  /** Whether running instances are restarted for it. */
  readonly restarts: boolean;
}

export interface ConfigDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly ServiceChange[];
  /** `[instances]` that were not there before, or were only registered and are started now. */
  readonly instances: readonly ListedInstance[];
  /** Tables of which something differs that is taken over at once: "settings", "proxy", "routing". */
  readonly live: readonly string[];
  /** Keys that only a restart of the server takes over: "proxy.listen". */
  readonly needsRestart: readonly string[];
}

/** What a process is started with; the others are tenement's own business and change under it. */
const STARTED_WITH: readonly (keyof ServiceConfig)[] = [
  'command',
  'workdir',
  'socket',
  'socketMode',
  'socketGroup',
  'listen',
  'isolation',
  'nofileLimit',
  'network',
  'user',
  'readOnlyPaths',
  'readWritePaths',
  'sockets',
  'tmpLimitBytes',
  'inheritEnv',
  'env',
];

export function diffConfigs(was: Config, is: Config): ConfigDiff {
  const names = [...is.services.keys()];
  const known = new Map(was.instances.map(({ service, tenantId, start }) => [`${service}:${tenantId}`, start]));
  return {
    added: names.filter((name) => !was.services.has(name)),
    removed: [...was.services.keys()].filter((name) => !is.services.has(name)),
    changed: names.flatMap((name) => changeOf(was.services.get(name), is.services.get(name))),
    instances: is.instances.filter(({ service, tenantId, start }) => {
      const before = known.get(`${service}:${tenantId}`);
      return before === undefined || (start && !before);
    }),
    live: liveTables(was, is),
    needsRestart: fixedKeys(was, is),
  };
}

export function isEmptyDiff(diff: ConfigDiff): boolean {
  return Object.values(diff).every((part) => part.length === 0);
}

/** The new config with what only a restart of the server takes over left as it was. */
export function applicable(was: Config, is: Config): Config {
  const { dataDir, stateDir, runtimeDir, runtimeDirSource } = was.settings;
  return {
    ...is,
    settings: { ...is.settings, dataDir, stateDir, runtimeDir, runtimeDirSource },
    proxy: { ...is.proxy, listen: was.proxy.listen, limits: was.proxy.limits, workers: was.proxy.workers },
    api: was.api,
  };
}

function changeOf(was: ServiceConfig | undefined, is: ServiceConfig | undefined): ServiceChange[] {
  if (was === undefined || is === undefined) return [];
  const keys = differing(was, is);
  const startedWith: readonly string[] = STARTED_WITH;
  return keys.length === 0 ? [] : [{ name: is.name, keys, restarts: keys.some((key) => startedWith.includes(key)) }];
}

function liveTables(was: Config, is: Config): string[] {
  const fixed = ['dataDir', 'stateDir', 'runtimeDir', 'runtimeDirSource', 'listen', 'limits', 'workers'];
  const free = (table: object) => Object.fromEntries(Object.entries(table).filter(([key]) => !fixed.includes(key)));
  return [
    ...(same(free(was.settings), free(is.settings)) ? [] : ['settings']),
    ...(same(free(was.proxy), free(is.proxy)) ? [] : ['proxy']),
    ...(same([...was.aliases], [...is.aliases]) ? [] : ['routing']),
  ];
}

function fixedKeys(was: Config, is: Config): string[] {
  const pairs: [string, unknown, unknown][] = [
    ['settings.data_dir', was.settings.dataDir, is.settings.dataDir],
    ['settings.runtime_dir', was.settings.runtimeDir, is.settings.runtimeDir],
    ['proxy.workers', was.proxy.workers, is.proxy.workers],
    ['proxy.listen', was.proxy.listen, is.proxy.listen],
    ['proxy.max_connections', was.proxy.limits.maxConnections, is.proxy.limits.maxConnections],
    [
      'proxy.max_connections_per_client',
      was.proxy.limits.maxConnectionsPerClient,
      is.proxy.limits.maxConnectionsPerClient,
    ],
    ['proxy.max_header_kb', was.proxy.limits.maxHeaderBytes, is.proxy.limits.maxHeaderBytes],
    ['proxy.header_timeout', was.proxy.limits.headerTimeoutMs, is.proxy.limits.headerTimeoutMs],
    ['proxy.keep_alive_timeout', was.proxy.limits.keepAliveTimeoutMs, is.proxy.limits.keepAliveTimeoutMs],
    ['proxy.body_idle_timeout', was.proxy.limits.bodyIdleTimeoutMs, is.proxy.limits.bodyIdleTimeoutMs],
    ['api.listen', was.api.listen, is.api.listen],
    ['api.auth', was.api.auth, is.api.auth],
  ];
  return pairs.filter(([, before, after]) => !same(before, after)).map(([key]) => key);
}

function differing(was: object, is: object): string[] {
  const before = new Map<string, unknown>(Object.entries(was));
  return Object.entries(is)
    .filter(([key, value]) => !same(before.get(key), value))
    .map(([key]) => key);
}

/** Equal as JSON: configs hold nothing else. */
function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
