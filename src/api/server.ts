/** The HTTP API: Fastify, its guard, its routes and its description. */
import { randomUUID } from 'node:crypto';
import swagger from '@fastify/swagger';
import fastify, { type FastifyServerOptions } from 'fastify';
import { CLIENT_PROBES, type ClientProbes } from '../core/admission/client-probes.ts';
import { TenementError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { visibleError } from './access/access.ts';
import { createGuard, type Trust } from './access/auth.ts';
import { authorize, authorizeRegistration, type RouteEntry, routeEntries } from './access/authorize.ts';
import { limitBodies } from './access/body-time.ts';
import { type ConnectionLimitOptions, limitConnections } from './access/connection-limit.ts';
import { type ListenTarget, listenAt, type TcpTarget } from './access/listen.ts';
import type { HostPort } from './access/own-host.ts';
import { TokenWatch } from './access/token-watch.ts';
import type { ApiContext, ApiDeps } from './context.ts';
import { dashboardRoutes } from './dashboard/live-routes.ts';
import { dashboardPageRoutes } from './dashboard/page-routes.ts';
import { addEntityTags } from './entity-tags.ts';
import { rawBadRequest, sendProblem } from './problem.ts';
import { certificateRoutes } from './routes/certificates.ts';
import { configRoutes } from './routes/config.ts';
import { eventRoutes } from './routes/events.ts';
import { hostRoutes } from './routes/host.ts';
import { execRoutes } from './routes/instances/exec.ts';
import { instanceRoutes } from './routes/instances/instances.ts';
import { logRoutes } from './routes/instances/logs.ts';
import { spawnLineRoutes } from './routes/instances/spawn-line.ts';
import { notifyRoutes } from './routes/notify.ts';
import { sessionRoutes } from './routes/session.ts';
import { systemRoutes } from './routes/system.ts';
import { archiveRoutes, exportIntoRoute } from './routes/tenants/archives.ts';
import { backupRoutes } from './routes/tenants/backups.ts';
import { domainRoutes } from './routes/tenants/domains.ts';
import { secretRoutes } from './routes/tenants/secrets.ts';
import { tenantRoutes } from './routes/tenants/tenants.ts';
import { usageRoutes } from './routes/tenants/usage.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { type Api, describeRoute, validatorCompiler, type ZodTypeProvider } from './zod-provider.ts';

/** How long `close` waits for open responses before it closes their connections. */
const CLOSE_GRACE_MS = 3000;
/**
 * Two labels and a colon have 127 characters. Longer parameters must still reach the route, for `bad_id` instead of
 * `not_found`.
 */
const MAX_PARAM_LENGTH = 1000;

export interface ApiOptions {
  readonly deps: ApiDeps;
  readonly trust: Trust;
  readonly logger: Logger;
  /** Default: any number of connections. */
  readonly connectionLimit?: ConnectionLimitOptions;
  /** Whether `X-Forwarded-*` of a peer are believed. Default: of none. */
  readonly isTrusted?: (peer: string) => boolean;
  /** TCP keep-alive of clients' connections. */
  readonly clientProbes?: ClientProbes | undefined;
}

export interface ApiServer {
  /**
   * Listens on TCP and returns the address with the bound port (for port 0), or listens on a Unix socket. With `fd`, the
   * socket of that descriptor is the one that listens at the address; the server closes it.
   * @throws {TenementError} `already_running`, `listen_failed`
   */
  listen(target: TcpTarget): Promise<HostPort>;
  listen(target: { readonly path: string }): Promise<null>;
  /** Ends followers, gives other responses up to 3 s or until `hurry` aborts, then closes every connection. */
  close(hurry?: AbortSignal): Promise<void>;
  /** Lists its routes, each with the permission that it needs. */
  routes(): Promise<readonly RouteEntry[]>;
}

export function createApi(options: ApiOptions): ApiServer {
  const context: ApiContext = {
    deps: options.deps,
    logger: options.logger,
    followers: new Set(),
    tokenWatch: new TokenWatch(options.deps.tokenStore),
    closing: new AbortController(),
  };
  const own: HostPort[] = [];
  const api = fastify(serverOptions(options.logger)).withTypeProvider<ZodTypeProvider>();
  if (options.connectionLimit !== undefined) limitConnections(api.server, options.connectionLimit, options.logger);
  probeClients(api, options.clientProbes ?? CLIENT_PROBES);
  api.setValidatorCompiler(validatorCompiler);
  api.setSerializerCompiler(() => (data) => JSON.stringify(data));
  limitBodies(api);
  addParsers(api);
  const routes: RouteEntry[] = [];
  api.addHook('onRoute', (route) => void routes.push(...routeEntries(route)));
  addGuard(api, options, own);
  endConnectionsOnClose(api, context);
  addErrors(api, options.logger);
  addEntityTags(api);
  describe(api, options);
  api.register(async (scope: Api) => addRoutes(scope, context, options.trust));
  async function listen(target: TcpTarget): Promise<HostPort>;
  async function listen(target: { readonly path: string }): Promise<null>;
  async function listen(target: ListenTarget): Promise<HostPort | null> {
    await listenAt(api, target);
    const bound = boundAddress(api);
    if (bound === null || 'path' in target) return null;
    // Callers may use the configured name, or the address that it resolved to.
    const asked = { host: target.host, port: bound.port };
    own.push(asked, bound);
    return asked;
  }
  return {
    listen,
    close: (hurry) => close(api, context, hurry),
    routes: async () => {
      await api.ready();
      return routes;
    },
  };
}

/** Without probes, a follower that vanished would stay until something is printed. */
function probeClients(api: Api, { idleMs, intervalMs, count }: ClientProbes): void {
  api.server.on('connection', (socket) => socket.setKeepAlive(true, idleMs, intervalMs, count));
}

function serverOptions(logger: Logger) {
  return {
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    genReqId: () => randomUUID(),
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply, logger),
    clientErrorHandler: (_error, socket) => {
      if (socket.writable) socket.end(rawBadRequest());
      else socket.destroy();
    },
  } satisfies FastifyServerOptions;
}

/** Accepts JSON bodies only. An empty body counts as none, whatever its type. */
function addParsers(api: Api): void {
  const parseJson = api.getDefaultJsonParser('error', 'error');
  api.removeAllContentTypeParsers();
  api.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, text, done) => {
    if (text === '') done(null, undefined);
    else parseJson(request, text, done);
  });
  api.addContentTypeParser<string>('*', { parseAs: 'string' }, (_request, text, done) => {
    if (text === '') done(null, undefined);
    else done(new TenementError('bad_input', 'body: expected Content-Type: application/json'));
  });
}

function addGuard(api: Api, options: ApiOptions, own: readonly HostPort[]): void {
  const { trust, deps, isTrusted = () => false } = options;
  const guard = createGuard({ trust, tokens: deps.tokenStore, ownAddresses: own, isTrusted });
  api.addHook('onRequest', async (request) => {
    request.access = guard(request);
    authorize(request);
  });
  // The body is known only now.
  api.addHook('preHandler', async (request) => authorizeRegistration(request));
  api.addHook('onResponse', async (request, reply) => {
    const fields = { requestId: request.id, method: request.method, route: request.routeOptions.url };
    options.logger.debug({ ...fields, status: reply.statusCode, durationMs: reply.elapsedTime }, 'API request');
  });
}

/** A kept-alive connection would delay `close` until its client closes it. */
function endConnectionsOnClose(api: Api, context: ApiContext): void {
  api.addHook('onSend', async (_request, reply) => {
    if (context.closing.signal.aborted) reply.header('connection', 'close');
  });
}

function addErrors(api: Api, logger: Logger): void {
  api.setErrorHandler((error, request, reply) =>
    sendProblem(visibleError(error, request.access), request, reply, logger),
  );
  api.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0]?.slice(0, 200);
    sendProblem(new TenementError('not_found', `there is no ${request.method} ${path}`), request, reply, logger);
  });
}

function describe(api: Api, options: ApiOptions): void {
  const withToken = options.trust === 'token';
  api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'tenement',
        description: 'One process per tenant.',
        version: options.deps.version,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/' }],
      ...(withToken && { components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } } }),
      security: withToken ? [{ token: [] }] : [],
    },
    transform: describeRoute,
  });
}

function addRoutes(api: Api, context: ApiContext, trust: Trust): void {
  systemRoutes(api, context);
  instanceRoutes(api, context);
  tenantRoutes(api, context);
  archiveRoutes(api, context);
  domainRoutes(api, context);
  certificateRoutes(api, context);
  secretRoutes(api, context);
  backupRoutes(api, context);
  logRoutes(api, context);
  eventRoutes(api, context);
  tokenRoutes(api, context);
  sessionRoutes(api, context);
  hostRoutes(api, context);
  notifyRoutes(api, context);
  usageRoutes(api, context);
  spawnLineRoutes(api, context);
  dashboardRoutes(api, context);
  if (trust !== 'control-socket') return dashboardPageRoutes(api, context);
  configRoutes(api, context);
  execRoutes(api, context);
  exportIntoRoute(api, context);
}

function boundAddress(api: Api): HostPort | null {
  const address = api.server.address();
  if (address === null || typeof address === 'string') return null;
  return { host: address.address, port: address.port };
}

async function close(api: Api, context: ApiContext, hurry?: AbortSignal): Promise<void> {
  context.closing.abort();
  for (const stop of context.followers) stop();
  const cutAll = () => api.server.closeAllConnections();
  const cut = setTimeout(cutAll, CLOSE_GRACE_MS);
  hurry?.addEventListener('abort', cutAll, { once: true });
  if (hurry?.aborted === true) cutAll();
  try {
    await api.close();
  } finally {
    clearTimeout(cut);
  }
}
