/**
 * Turns a file into a Config: reads, parses, checks, fills in defaults, resolves paths. All errors are reported at
 * once.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import type { z } from 'zod';
import { MIB } from '../core/limits/limit-table.ts';
import { parseDuration } from '../core/limits/units.ts';
import { planNeedsProxy } from '../core/quota/quota-policy.ts';
import {
  type Config,
  DEFAULT_PROXY_LIMITS,
  type ProxyLimits,
  type ServiceConfig,
  type Settings,
  type TenantsConfig,
} from '../core/service/service.ts';
import { SUN_PATH_MAX_BYTES } from '../core/service/socket-path.ts';
import { TenementError } from '../errors.ts';
import { parseListenAddress } from './address.ts';
import { groupOf } from './group.ts';
import type { KeyPath } from './locate.ts';
import { configError, excerptOf, type Problem } from './problems/problems.ts';
import { rejectedPaths, schemaProblems } from './problems/schema-problems.ts';
import { withoutSecrets } from './problems/secret-values.ts';
import { semanticProblems } from './problems/semantics.ts';
import { syntaxProblem } from './problems/syntax-problem.ts';
import { warningsOf } from './problems/warnings.ts';
import { chooseRuntimeDir } from './runtime-dir.ts';
import { type ConfigInput, configSchema } from './schema.ts';
import { backupOf, passwordProblems } from './tables/backup.ts';
import { notifyTargets, secretProblems } from './tables/notify-targets.ts';
import { planOf } from './tables/plans.ts';
import { serviceOf } from './tables/services.ts';
import { telemetryOf } from './tables/telemetry.ts';
import { jwtOf, jwtSecretProblems, tenantFromOf, uncheckedSockets } from './tables/tenant-from.ts';
import { acmeFileProblems, certificateProblems, tlsOf } from './tables/tls.ts';

export interface LoadOptions {
  /** Overrides `data_dir`; relative to the current directory. */
  readonly dataDir?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  /**
   * Whether to avoid the default directory of sockets, which belongs to another server. No effect when `runtime_dir` is
   * set.
   */
  readonly ownRuntimeDir?: boolean;
  /** Directory that takes the place of `runtime_dir`, and of the `socket` of every service. */
  readonly runtimeDir?: string;
  /** What relative paths are relative to. Default: the file's directory. */
  readonly configDir?: string;
  /** Whether to check files of secrets, which the user of a command may not be allowed to read. */
  readonly withSecrets?: boolean;
}

/** Loads a config. @throws {TenementError} `config_not_found`, `bad_config`, `socket_path_too_long` */
export function loadConfig(path: string, options: LoadOptions = {}): Config {
  const file = resolve(path);
  const text = read(file, path);
  const raw = parseText(text, path);
  const result = configSchema.safeParse(raw);
  if (!result.success) {
    const problems = [...schemaProblems(result.error, raw), ...problemsBeside(result.error, raw, file, options)];
    throw configError(path, text, problems);
  }
  const { config, problems } = built(result.data, raw, file, options);
  if (problems.length > 0) throw configError(path, text, problems, codeOf(problems));
  assertControlSocket(config.settings);
  return config;
}

/** @param raw the file as it was parsed, without defaults */
function built(input: ConfigInput, raw: unknown, file: string, options: LoadOptions) {
  const problems: Problem[] = [];
  const config = build(input, raw, { file, options }, problems);
  problems.push(...semanticProblems(input, config));
  if (options.withSecrets === true) problems.push(...fileProblems(config));
  return { config, problems };
}

/** Checks files that only a server needs, and may read. */
function fileProblems({ notify, jwt, backup, tls }: Config): Problem[] {
  return [
    ...secretProblems(notify),
    ...jwtSecretProblems(jwt),
    ...passwordProblems(backup),
    ...certificateProblems(tls),
    ...acmeFileProblems(tls),
  ];
}

/** Checks the rest of a file that the schema rejects in part. */
function problemsBeside(error: z.ZodError, raw: unknown, file: string, options: LoadOptions): Problem[] {
  const rejected = rejectedPaths(error);
  const accepted = withoutPaths(raw, rejected);
  const result = configSchema.safeParse(accepted);
  if (!result.success) return [];
  const { problems } = built(result.data, accepted, file, options);
  const isBeside = (path: KeyPath) =>
    path.length > 0 && !rejected.some((one) => one.every((part, index) => String(part) === String(path[index])));
  return problems.filter(({ path }) => isBeside(path));
}

/** A socket path that is too long has a code of its own, if it is the only problem. */
function codeOf(problems: readonly Problem[]): 'bad_config' | 'socket_path_too_long' {
  return problems.every(({ message }) => message.startsWith('socket path of')) ? 'socket_path_too_long' : 'bad_config';
}

function read(file: string, shown: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`;
    throw new TenementError('config_not_found', `no config at ${shown}: ${why}`, { cause: error });
  }
}

function parseText(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const { line, column } = error;
    const message = `${file}:${line}:${column}: ${syntaxProblem(error, text)}`;
    throw new TenementError('bad_config', message, {
      excerpts: [withoutSecrets(excerptOf(text, { line, column, length: 1 }), text)],
      cause: error,
    });
  }
}

/** Returns the keys of a table; none when the file has no such table. */
function keysAt(raw: unknown, path: KeyPath): readonly string[] {
  let value = raw;
  for (const part of path) value = (value as Record<string | number, unknown> | undefined)?.[part];
  return Object.keys(value ?? {});
}

function tenantsOf(
  { default_plan: plan, template, render, replace, hold_timeout, verify_domains, dns_servers }: ConfigInput['tenants'],
  dir: string,
): TenantsConfig {
  const skeleton =
    template === undefined ? null : { dir: resolve(dir, template), render, replace: Object.entries(replace) };
  return {
    defaultPlan: plan ?? null,
    skeleton,
    holdTimeoutMs: parseDuration(hold_timeout),
    verifyDomains: verify_domains,
    dnsServers: dns_servers,
  };
}

/** Copies a value without the values at these paths. */
function withoutPaths(raw: unknown, paths: readonly KeyPath[]): unknown {
  const copy = structuredClone(raw);
  for (const path of paths) {
    let table = copy as Record<string | number, unknown> | undefined;
    for (const part of path.slice(0, -1)) table = table?.[part] as typeof table;
    const last = path.at(-1);
    if (typeof table === 'object' && table !== null && last !== undefined) delete table[last];
  }
  return copy;
}

interface Origin {
  /** Absolute path of the config file. */
  readonly file: string;
  readonly options: LoadOptions;
}

function build(input: ConfigInput, raw: unknown, { file, options }: Origin, problems: Problem[]): Config {
  const dir = options.configDir ?? dirname(file);
  const settings = settingsOf(input, dir, options);
  const plans = new Map(Object.entries(input.plan).map(([name, plan]) => [name, planOf(name, plan)]));
  const needsProxy = [...plans.values()].some(planNeedsProxy);
  const origin = { dir, uid: uidOf(options), needsProxy };
  const services = new Map<string, ServiceConfig>();
  for (const [name, given] of Object.entries(input.service)) {
    const service = options.runtimeDir === undefined ? given : { ...given, socket: undefined };
    services.set(name, serviceOf(name, service, keysAt(raw, ['service', name]), origin, problems));
  }
  const { domain, default_service: named, trusted_proxies: trustedProxies, listen } = input.proxy;
  const [only] = services.size === 1 ? services.keys() : [];
  const tenantFrom = tenantFromOf(input.routing);
  return {
    file,
    settings,
    services,
    proxy: {
      listen: parseListenAddress(listen),
      domains: (typeof domain === 'string' ? [domain] : domain).map((one) => one.toLowerCase().replace(/\.$/, '')),
      defaultService: named ?? only ?? null,
      socketGroup: groupOf(['proxy', 'socket_group'], input.proxy.socket_group, problems),
      trustedProxies,
      limits: limitsOf(input),
      workers: input.proxy.workers === 'auto' ? availableParallelism() : input.proxy.workers,
    },
    tls: tlsOf(input.tls, dir, problems),
    api: {
      listen: parseListenAddress(input.api.listen),
      auth: input.api.auth,
      metricsPerTenant: input.api.metrics_per_tenant,
    },
    instances: Object.entries(input.instances).flatMap(([service, listed]) => {
      const { ids, start } = Array.isArray(listed) ? { ids: listed, start: true } : listed;
      return ids.map((tenantId) => ({ service, tenantId, start }));
    }),
    aliases: new Map(Object.entries(input.routing.aliases)),
    tenantFrom,
    jwt: jwtOf(input.routing, dir),
    tenants: tenantsOf(input.tenants, dir),
    plans,
    notify: notifyTargets(input.notify, dir, problems),
    telemetry: telemetryOf(input.telemetry),
    backup: backupOf(input.backup, dir),
    warnings: [...warningsOf(input), ...uncheckedSockets(tenantFrom, services.values())],
  };
}

function limitsOf({ proxy }: ConfigInput): ProxyLimits {
  return {
    ...DEFAULT_PROXY_LIMITS,
    maxConnections: proxy.max_connections,
    maxConnectionsPerClient: proxy.max_connections_per_client,
    maxHeaderBytes: proxy.max_header_kb * 1024,
    headerTimeoutMs: parseDuration(proxy.header_timeout),
    keepAliveTimeoutMs: parseDuration(proxy.keep_alive_timeout),
    bodyIdleTimeoutMs: parseDuration(proxy.body_idle_timeout),
  };
}

function settingsOf({ settings }: ConfigInput, dir: string, options: LoadOptions): Settings {
  const dataDir = options.dataDir === undefined ? resolve(dir, settings.data_dir) : resolve(options.dataDir);
  const stateDir = join(dataDir, '.tenement');
  return {
    dataDir,
    stateDir,
    ...chooseRuntimeDir({
      configured: options.runtimeDir ?? settings.runtime_dir,
      configDir: dir,
      stateDir,
      env: options.env ?? process.env,
      uid: uidOf(options),
      own: options.ownRuntimeDir === true,
    }),
    healthCheckIntervalMs: parseDuration(settings.health_check_interval),
    maxRestarts: settings.max_restarts,
    restartWindowMs: parseDuration(settings.restart_window),
    backoffBaseMs: settings.backoff_base_ms,
    backoffMaxMs: settings.backoff_max_ms,
    maxRunning: settings.max_running,
    maxConcurrentStarts: settings.max_concurrent_starts,
    memoryReserveBytes: settings.memory_reserve_mb * MIB,
    onExit: settings.on_exit,
    dynamicUids: uidRange(settings.dynamic_uids),
    cgroupRoot: settings.cgroup_root === undefined ? null : resolve(dir, settings.cgroup_root),
  };
}

function uidOf({ uid = process.getuid?.() }: LoadOptions): number | undefined {
  return uid;
}

function uidRange(text: string): [number, number] {
  const [first = 0, last = 0] = text.split('-').map(Number);
  return [first, last];
}

function assertControlSocket(settings: Settings): void {
  const path = join(settings.stateDir, 'control.sock');
  const bytes = Buffer.byteLength(path);
  if (bytes <= SUN_PATH_MAX_BYTES) return;
  throw new TenementError('socket_path_too_long', `control socket path of ${bytes} bytes: ${path}`, {
    hint: `Give settings.data_dir a shorter path: a Unix socket path holds ${SUN_PATH_MAX_BYTES} bytes.`,
  });
}
