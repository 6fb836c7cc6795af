/** How a child is started: its command, environment and paths, with all templates filled in. */
import { join } from 'node:path';
import type { InstancePaths, LaunchRequest } from '../../core/ports.ts';
import type { SecretValues } from '../../core/secrets/sealed-secret.ts';
import type { ServiceConfig, Settings } from '../../core/service/service.ts';
import { assertSocketPath, bindSocketPath, publicSocketPath, selfSocketPath } from '../../core/service/socket-path.ts';
import { fillTemplate, type TemplateValues } from '../../core/service/template.ts';
import type { SecretsDir } from '../secrets/secret-files.ts';
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
  /** The directory of its secrets; null: it has none. */
  readonly secretsDir: SecretsDir | null;
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
  if (service.selfApi) assertSocketPath(selfSocketOf(service, tenantId, settings));
  return { tenantDir, publicSocket: service.listen === 'socket' ? socket : null, bindSocket };
}

/** Returns the path of an instance's own socket to tenement. */
export function selfSocketOf(
  { name }: Pick<ServiceConfig, 'name'>,
  tenantId: string,
  { runtimeDir }: Pick<Settings, 'runtimeDir'>,
): string {
  return selfSocketPath(runtimeDir, name, tenantId, process.getuid?.() ?? 0);
}

/** What is made for one process before its start. */
export interface LaunchPlaces {
  /** null with `listen = "socket"`. */
  readonly port: number | null;
  readonly tmpDir: string;
  readonly secretsDir: SecretsDir | null;
}

/** @param secrets the tenant's secrets; default: none */
export function launchSpecFor(
  request: LaunchRequest,
  context: LaunchContext,
  { port, tmpDir, secretsDir }: LaunchPlaces,
  secrets: SecretValues = new Map(),
): LaunchSpec {
  const { service, tenantId, paths } = request;
  const values: TemplateValues = {
    ...templateValuesOf(request, context.settings),
    tenant_dir: paths.tenantDir,
    socket: paths.bindSocket,
    ...(port === null ? {} : { port: String(port) }),
  };
  const fill = (template: string) => fillTemplate(template, values);
  const [file = '', ...args] = service.command.map(fill);
  const env = childEnvironment({
    base: withoutNpm(context.baseEnv ?? process.env),
    inherit: service.inheritEnv,
    service: Object.fromEntries(
      Object.entries(service.env).map(([name, value]) => [name, fillTemplate(value, values, secrets)]),
    ),
    tenant: service.ownEnv,
    secrets: Object.fromEntries([...secrets].filter(([name]) => service.secretsEnv.includes(name))),
    secretsDir: secretsDirIn(service, secretsDir),
    plan: service.plan,
    tenantId,
    serviceName: service.name,
    tenantDir: paths.tenantDir,
    tmpDir,
    bindSocket: paths.bindSocket,
    selfSocket: service.selfApi ? selfSocketOf(service, tenantId, context.settings) : null,
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
    secretsDir,
  };
}

/** An isolated tenant finds the directory where its view has it. */
function secretsDirIn({ isolation }: ServiceConfig, secretsDir: SecretsDir | null): string | null {
  if (secretsDir === null) return null;
  return isolation === 'process' ? secretsDir.dir : secretsDir.shownAt;
}

/** Template values that are the same for every process of the instance. */
export function templateValuesOf({ service, tenantId, webAddress }: LaunchRequest, settings: Settings): TemplateValues {
  const { host, url } = webAddress;
  return {
    id: tenantId,
    service: service.name,
    name: service.name,
    host,
    ...(url === null ? {} : { url }),
    plan: service.plan?.name ?? '',
    data_dir: settings.dataDir,
    runtime_dir: settings.runtimeDir,
  };
}
