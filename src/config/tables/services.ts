/** Builds the config of a service from its table: defaults filled in, paths resolved, times in milliseconds. */
import { resolve } from 'node:path';
import { MIB } from '../../core/limits/limit-table.ts';
import { configuredLimits } from '../../core/limits/limits.ts';
import { parseDuration } from '../../core/limits/units.ts';
import { BOUNDS } from '../../core/plans/plan.ts';
import { parseGenerator } from '../../core/secrets/generator.ts';
import type { ServiceConfig } from '../../core/service/service.ts';
import { SERVICE_KEYS } from '../../core/service/service-keys.ts';
import { splitCommand } from '../command.ts';
import { groupOf } from '../group.ts';
import type { Problem } from '../problems/problems.ts';
import type { ServiceInput } from '../schema/service.ts';
import { hooksOf } from './hooks.ts';

export interface ConfigOrigin {
  /** Directory of the config file. */
  readonly dir: string;
  /** User id of the server. */
  readonly uid: number | undefined;
  /** Whether a plan needs every request to pass the proxy. */
  readonly needsProxy: boolean;
}

/** @param given the keys that the file has, without defaults */
export function serviceOf(
  name: string,
  input: ServiceInput,
  given: readonly string[],
  { dir, uid, needsProxy }: ConfigOrigin,
  problems: Problem[],
): ServiceConfig {
  return {
    name,
    command: commandOf(name, input, problems),
    workdir: resolve(dir, input.workdir),
    socket: input.socket === undefined ? '{runtime_dir}/{service}-{id}.sock' : absoluteTemplate(input.socket, dir),
    socketMode: Number.parseInt(input.socket_mode, 8),
    socketGroup: groupOf(['service', name, 'socket_group'], input.socket_group, problems),
    publicSocket: publicSocketOf(input, needsProxy),
    listen: input.listen,
    health: input.health ?? null,
    healthHost: input.health_host,
    healthTimeoutMs: parseDuration(input.health_timeout),
    restart: input.restart,
    idleTimeoutMs: parseDuration(input.idle_timeout),
    idleAction: input.idle_action,
    suspendTimeoutMs: parseDuration(input.suspend_timeout),
    startupTimeoutMs: parseDuration(input.startup_timeout),
    stopTimeoutMs: parseDuration(input.stop_timeout),
    drainTimeoutMs: parseDuration(input.drain_timeout),
    requestTimeoutMs: parseDuration(input.request_timeout),
    wakeQueue: input.wake_queue,
    retry: input.retry,
    // Any other value has been refused by the schema.
    isolation: input.isolation,
    network: input.network,
    user: input.user ?? (uid === 0 && input.isolation !== 'process' ? 'dynamic' : null),
    readOnlyPaths: input.read_only_paths?.map((path) => absoluteTemplate(path, dir)) ?? null,
    readWritePaths: input.read_write_paths.map((path) => absoluteTemplate(path, dir)),
    sockets: input.sockets.map((path) => absoluteTemplate(path, dir)),
    tmpLimitBytes: input.tmp_limit_mb === undefined ? null : input.tmp_limit_mb * MIB,
    ...configuredLimits(input),
    storageAction: input.storage_action,
    logLimitBytes: input.log_limit_mb * MIB,
    selfApi: input.self_api,
    maxBusyMs: parseDuration(input.max_busy),
    inheritEnv: input.inherit_env,
    env: Object.fromEntries(Object.entries(input.env).map(([key, value]) => [key, String(value)])),
    secretsEnv: [...new Set(input.secrets_env)],
    secrets: generatorsOf(input),
    hooks: hooksOf(name, input, problems),
    defaulted: Object.keys(BOUNDS).filter((field) => !given.includes(SERVICE_KEYS.get(field)?.key ?? '')),
  };
}

/** The schema has rejected other texts. */
function generatorsOf({ secrets }: ServiceInput): ServiceConfig['secrets'] {
  return Object.fromEntries(
    Object.entries(secrets).map(([name, { generate }]) => {
      const generator = parseGenerator(generate);
      if (typeof generator === 'string') throw new RangeError(generator);
      return [name, generator];
    }),
  );
}

/** Without a public socket (`listen = "port"`) there is none to serve. */
function publicSocketOf({ public_socket: asked, listen }: ServiceInput, needsProxy: boolean): 'direct' | 'proxied' {
  if (asked !== 'auto') return asked;
  return needsProxy && listen === 'socket' ? 'proxied' : 'direct';
}

function commandOf(name: string, input: ServiceInput, problems: Problem[]): string[] {
  try {
    return splitCommand(input.command);
  } catch (error) {
    problems.push({
      path: ['service', name, 'command'],
      message: error instanceof Error ? error.message : String(error),
    });
    return ['-'];
  }
}

/** A template that begins with a directory variable is absolute already. */
function absoluteTemplate(template: string, dir: string): string {
  return /^\{(data_dir|tenant_dir|runtime_dir)\}/.test(template) ? template : resolve(dir, template);
}
