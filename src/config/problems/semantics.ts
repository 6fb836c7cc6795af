/** Checks that a schema cannot express: names that must exist, templates, sockets, unsupported combinations. */

import { isLoopback } from '../../core/routing/address.ts';
import { firstDomain } from '../../core/routing/web-address.ts';
import type { Config, ListenAddress, ServiceConfig, Settings } from '../../core/service/service.ts';
import {
  bindSocketPath,
  publicSocketPath,
  SUN_PATH_MAX_BYTES,
  selfSocketPath,
} from '../../core/service/socket-path.ts';
import { TEMPLATE_VARIABLES, templateVariables } from '../../core/service/template.ts';
import { mixedInstances } from '../../core/tenants/same-user.ts';
import type { ConfigInput } from '../schema.ts';
import { backupProblems } from '../tables/backup.ts';
import { targetProblems } from '../tables/notify-targets.ts';
import { routingProblems } from '../tables/tenant-from.ts';
import { tlsProblems } from '../tables/tls.ts';
import { hookProblems } from './hook-problems.ts';
import { nearest } from './nearest.ts';
import { overlapProblems } from './overlaps.ts';
import { planProblems } from './plan-problems.ts';
import type { Problem } from './problems.ts';
import { publicSocketProblems } from './public-socket-problems.ts';
import { NO_SERVICE } from './schema-problems.ts';
import { secretProblems } from './secret-problems.ts';
import { addressProblem, templateProblem, variableProblem } from './template-problems.ts';

/** The shortest possible tenant id, for trying templates out. */
const SAMPLE_ID = 'x';

export function semanticProblems(input: ConfigInput, config: Config): Problem[] {
  const services = [...config.services.values()];
  return [
    ...namesThatMustExist(input, config),
    ...services.flatMap((service) => serviceProblems(service, config)),
    ...sharedSockets(services, config),
    ...authProblems(config),
    ...listenProblems(config),
    ...mixedInstances(config).map(({ service, message }) => ({ path: ['instances', service], message })),
    ...overlapProblems(config),
    ...planProblems(config),
    ...targetProblems(config.notify),
    ...backupProblems(input.backup, config),
    ...publicSocketProblems(input, config),
    ...secretProblems(config),
    ...routingProblems(input.routing),
    ...tlsProblems(config.tls),
  ];
}

function namesThatMustExist(input: ConfigInput, config: Config): Problem[] {
  const known = [...config.services.keys()];
  const problems: Problem[] = [];
  if (known.length === 0) problems.push(NO_SERVICE);
  const check = (at: Pick<Problem, 'path' | 'part'>, name: string) => {
    if (!config.services.has(name)) problems.push({ ...at, message: unknownService(name, known) });
  };
  for (const name of Object.keys(input.instances)) check({ path: ['instances', name], part: 'key' }, name);
  if (input.proxy.default_service !== undefined) {
    check({ path: ['proxy', 'default_service'] }, input.proxy.default_service);
  }
  return problems;
}

function unknownService(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near === null ? `there is no service "${name}"` : `there is no service "${name}", did you mean "${near}"?`;
}

function authProblems(config: Config): Problem[] {
  if (config.api.auth !== 'none' || isLoopback(config.api.listen.host)) return [];
  return [{ path: ['api', 'auth'], message: '"none" is refused unless api.listen is a loopback address' }];
}

function listenProblems({ proxy, tls, api }: Config): Problem[] {
  const problem = (table: string, { port }: ListenAddress, owner: string): Problem => {
    return { path: [table, 'listen'], message: `port ${port} is also ${owner}; give one of them another port` };
  };
  return [
    ...(clash(proxy.listen, api.listen) ? [problem('api', api.listen, "the proxy's")] : []),
    ...(tls !== null && clash(tls.listen, proxy.listen) ? [problem('tls', tls.listen, "the proxy's")] : []),
    ...(tls !== null && clash(tls.listen, api.listen) ? [problem('tls', tls.listen, "the API's")] : []),
  ];
}

function clash(one: ListenAddress, other: ListenAddress): boolean {
  const sameHost = one.host === other.host || isAnyHost(one.host) || isAnyHost(other.host);
  return one.port !== 0 && one.port === other.port && sameHost;
}

function isAnyHost(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

function serviceProblems(service: ServiceConfig, config: Config): Problem[] {
  const at = (key: string) => ['service', service.name, key];
  const problems: Problem[] = [];
  if (service.command.length === 0) problems.push({ path: at('command'), message: 'expected a command' });
  problems.push(...isolationProblems(service), ...hookProblems(service, config));
  return [...problems, ...templateProblems(service, config), ...socketProblems(service, config)];
}

function isolationProblems(service: ServiceConfig): Problem[] {
  const at = (key: string) => ['service', service.name, key];
  const problems: Problem[] = [];
  if (service.network === 'none' && service.isolation === 'process') {
    problems.push({ path: at('network'), message: 'network = "none" needs isolation = "namespace" or "sandbox"' });
  }
  if (service.network === 'none' && service.listen === 'port') {
    problems.push({ path: at('network'), message: 'listen = "port" needs a network' });
  }
  for (const [key, isSet] of OF_ISOLATION)
    if (isSet(service) && service.isolation === 'process')
      problems.push({ path: at(key), message: `${key} needs isolation = "namespace" or "sandbox"` });
  if (service.sockets.length > 0 && service.isolation !== 'namespace')
    problems.push({ path: at('sockets'), message: service.isolation === 'sandbox' ? NOT_IN_SANDBOX : TAKES_NAMESPACE });
  return problems;
}

/** Keys that decide what a tenant sees. */
const OF_ISOLATION: readonly (readonly [key: string, isSet: (service: ServiceConfig) => boolean])[] = [
  ['read_only_paths', ({ readOnlyPaths }) => readOnlyPaths !== null],
  ['read_write_paths', ({ readWritePaths }) => readWritePaths.length > 0],
  ['tmp_limit_mb', ({ tmpLimitBytes }) => tmpLimitBytes !== null],
];

/** SO_PEERCRED shows gVisor's process, for which PostgreSQL (peer) and MariaDB (unix_socket) let root in. */
const TAKES_NAMESPACE = 'sockets needs isolation = "namespace"';
const NOT_IN_SANDBOX =
  `${TAKES_NAMESPACE}: gVisor connects as root, and a server that trusts the user of its peer would take ` +
  'a tenant for root; reach it by TCP';

function templateProblems(service: ServiceConfig, { proxy }: Config): Problem[] {
  const at = (key: string) => ['service', service.name, key];
  const here = TEMPLATE_VARIABLES.filter((name) => name !== 'port' || service.listen === 'port');
  const beforeBinding = here.filter((name) => name !== 'socket' && name !== 'port');
  const ofPaths = beforeBinding.filter((name) => !['host', 'url', 'plan'].includes(name));
  const ofRequests = beforeBinding.filter((name) => name !== 'tenant_dir');
  const env = Object.entries(service.env).map(([name, value]) => ({ path: [...at('env'), name], value }));
  return [
    ...service.command.flatMap((word) => templateProblem(at('command'), word, here)),
    ...templateProblem(at('workdir'), service.workdir, here),
    ...templateProblem(at('socket'), service.socket, ofPaths),
    ...seenPaths(service).flatMap(([key, path]) => templateProblem(at(key), path, ofPaths)),
    ...templateProblem(at('health_host'), service.healthHost, ofRequests),
    ...env.flatMap(({ path, value }) => variableProblem(path, value, here)),
    ...(firstDomain(proxy) === null ? [...wordsOf(service, at), ...env].flatMap(addressProblem) : []),
  ];
}

function seenPaths({ readOnlyPaths, readWritePaths, sockets }: ServiceConfig): [key: string, path: string][] {
  const named = (key: string, paths: readonly string[]) => paths.map((path): [string, string] => [key, path]);
  return [
    ...named('read_only_paths', readOnlyPaths ?? []),
    ...named('read_write_paths', readWritePaths),
    ...named('sockets', sockets),
  ];
}

function wordsOf({ command, workdir }: ServiceConfig, at: (key: string) => string[]) {
  return [...command.map((value) => ({ path: at('command'), value })), { path: at('workdir'), value: workdir }];
}

function socketProblems(service: ServiceConfig, config: Config): Problem[] {
  const path = ['service', service.name, 'socket'];
  if (!templateVariables(service.socket).some((name) => name === 'id' || name === 'tenant_dir')) {
    return [{ path, message: 'must contain {id}, or every tenant would have the same socket' }];
  }
  const ids = config.instances.filter((instance) => instance.service === service.name).map(({ tenantId }) => tenantId);
  for (const id of [SAMPLE_ID, ...ids]) {
    const socket = socketOf(service, config, id);
    if (socket === null) return [];
    const bytes = Math.max(
      ...[socket, ...ownPaths(service, socket, id, config.settings)].map((one) => Buffer.byteLength(one)),
    );
    if (bytes > SUN_PATH_MAX_BYTES)
      return [
        { path, message: `socket path of ${bytes} bytes, over the ${SUN_PATH_MAX_BYTES} of a Unix socket: ${socket}` },
      ];
  }
  return [];
}

function ownPaths({ name, selfApi }: ServiceConfig, socket: string, id: string, { runtimeDir }: Settings): string[] {
  const bindSocket = bindSocketPath(socket, name, id, 0);
  return selfApi ? [bindSocket, selfSocketPath(runtimeDir, name, id, 0)] : [bindSocket];
}

/** Finds two services whose sockets would have the same path for the same id. */
function sharedSockets(services: readonly ServiceConfig[], config: Config): Problem[] {
  const owners = new Map<string, string>();
  const problems: Problem[] = [];
  for (const service of services) {
    const socket = service.listen === 'socket' ? socketOf(service, config, SAMPLE_ID) : null;
    if (socket === null) continue;
    const owner = owners.get(socket);
    if (owner === undefined) owners.set(socket, service.name);
    else
      problems.push({
        path: ['service', service.name, 'socket'],
        message: `the same socket path as service.${owner}, ${socket}`,
      });
  }
  return problems;
}

/** Returns null for an invalid template, which is reported elsewhere. */
function socketOf(service: ServiceConfig, config: Config, id: string): string | null {
  try {
    return publicSocketPath(service, id, config.settings);
  } catch {
    return null;
  }
}
