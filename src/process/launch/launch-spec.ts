/** How a child is started: its command, environment and paths, with all templates filled in. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Limits } from '../../core/limits/limits.ts';
import type { InstancePaths, LaunchRequest } from '../../core/ports.ts';
import type { WebAddress } from '../../core/routing/web-address.ts';
import type { ServiceConfig, Settings } from '../../core/service/service.ts';
import { assertSocketPath, bindSocketPath, publicSocketPath } from '../../core/service/socket-path.ts';
import { fillTemplate, type TemplateValues, templateVariables } from '../../core/service/template.ts';
import { childEnvironment } from './environment.ts';
import { withoutNpm } from './npm.ts';

export interface LaunchSpec {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Record<string, string>;
  /** The only paths of the host that the child sees; null: it sees all. */
  readonly readOnlyPaths: readonly string[] | null;
  /** Paths of the host that the child may write to. `sockets`: sockets of the host that it may connect to. */
  readonly readWritePaths: readonly string[];
  readonly sockets: readonly string[];
}

export interface LaunchContext {
  readonly settings: Settings;
  /** Environment from which children inherit by name; default: this process's. npm's additions to PATH are removed. */
  readonly baseEnv?: NodeJS.ProcessEnv;
}

/** @throws {TenementError} `socket_path_too_long`, `bad_config` */
export function instancePaths(settings: Settings, service: ServiceConfig, tenantId: string): InstancePaths {
  const tenantDir = join(settings.dataDir, tenantId);
  const socket = publicSocketPath(service, tenantId, settings);
  const bindSocket = bindSocketPath(socket, service.name, tenantId, process.getuid?.() ?? 0);
  assertSocketPath(socket);
  assertSocketPath(bindSocket);
  return { tenantDir, publicSocket: service.listen === 'socket' ? socket : null, bindSocket };
}

export function launchSpecFor(
  request: LaunchRequest,
  context: LaunchContext,
  port: number | null,
  tmpDir: string,
): LaunchSpec {
  const { service, tenantId, paths } = request;
  const values: TemplateValues = {
    ...valuesOf(request, context.settings),
    tenant_dir: paths.tenantDir,
    socket: paths.bindSocket,
    ...(port === null ? {} : { port: String(port) }),
  };
  const fill = (template: string) => fillTemplate(template, values);
  const [file = '', ...args] = service.command.map(fill);
  const env = childEnvironment({
    base: withoutNpm(context.baseEnv ?? process.env),
    inherit: service.inheritEnv,
    service: Object.fromEntries(Object.entries(service.env).map(([name, value]) => [name, fill(value)])),
    tenant: request.env,
    tenantId,
    serviceName: service.name,
    tenantDir: paths.tenantDir,
    tmpDir,
    bindSocket: paths.bindSocket,
    port,
  });
  return {
    file,
    args,
    cwd: fill(service.workdir),
    env,
    readOnlyPaths: service.readOnlyPaths?.map(fill) ?? null,
    readWritePaths: service.readWritePaths.map(fill),
    sockets: service.sockets.map(fill),
  };
}

/**
 * Returns a fingerprint of everything that a process of this request is started with. Left out are its port and the
 * values that it inherits from the server's environment, which may differ after an upgrade.
 */
export function specOf({ service, env, paths, limits, webAddress }: LaunchRequest): string {
  const { command, workdir, socketMode, socketGroup, listen, inheritEnv, env: serviceEnv } = service;
  const socket = [socketMode, socketGroup, listen];
  const isolation = isolationOf(service, limits);
  const address = usedOf(webAddress, [...command, workdir, ...Object.values(serviceEnv)]);
  const all = [command, workdir, socket, ...isolation, inheritEnv, pairs(serviceEnv), pairs(env), paths, ...address];
  return createHash('sha256').update(JSON.stringify(all)).digest('base64url').slice(0, 22);
}

/** Keys at their defaults add nothing, so that processes of an earlier tenement do not count as outdated. */
function isolationOf(service: ServiceConfig, { nofileLimit }: Limits): unknown[] {
  const { isolation, network, readOnlyPaths } = service;
  const user = service.user === 'root' ? null : service.user;
  const all = { network, user, readOnlyPaths, nofileLimit };
  const none = network === 'host' && user === null && readOnlyPaths === null && nofileLimit === null;
  return [...(none ? [isolation] : [isolation, all]), ...accessOf(service)];
}

function accessOf({ readWritePaths, sockets, tmpLimitBytes }: ServiceConfig): unknown[] {
  const none = readWritePaths.length === 0 && sockets.length === 0 && tmpLimitBytes === null;
  return none ? [] : [{ readWritePaths, sockets, tmpLimitBytes }];
}

/** Returns the parts of the address that these templates use. */
function usedOf(address: WebAddress, templates: readonly string[]): unknown[] {
  const names = new Set(templates.flatMap(templateVariables));
  const used = (['host', 'url'] as const).filter((name) => names.has(name));
  return used.length === 0 ? [] : [used.map((name) => address[name])];
}

function pairs(env: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Template values that are the same for every process of the instance. */
export function valuesOf({ service, tenantId, webAddress }: LaunchRequest, settings: Settings): TemplateValues {
  const { host, url } = webAddress;
  return {
    id: tenantId,
    service: service.name,
    name: service.name,
    host,
    ...(url === null ? {} : { url }),
    data_dir: settings.dataDir,
    runtime_dir: settings.runtimeDir,
  };
}
