/** The server: a hypervisor with its proxy, its HTTP API and its control socket. Knows all the parts. */
import { join } from 'node:path';
import { createApi } from './api/server.ts';
import { controlSocketOf, tellControlSocket } from './config/control-socket.ts';
import type { Config, ListenAddress } from './core/service.ts';
import { Hypervisor } from './hypervisor.ts';
import type { Logger } from './logger.ts';
import { createProxy } from './proxy/server.ts';
import { ensureAdminToken } from './registry/tokens.ts';

/** Answers under way end when their instance has drained or is gone; this is only a bound for what hangs. */
const PROXY_CLOSE_GRACE_MS = 60_000;

export interface DaemonOptions {
  readonly configFile: string;
  readonly logger: Logger;
  readonly version: string;
  /** Instead of `[proxy] listen`. */
  readonly proxy?: ListenAddress | undefined;
  /** Instead of `[api] listen`. */
  readonly api?: ListenAddress | undefined;
  readonly dataDir?: string | undefined;
}

export interface Daemon {
  readonly hypervisor: Hypervisor;
  /** Where they listen, with the port that was given for port 0. */
  readonly proxy: ListenAddress;
  readonly api: ListenAddress;
  /** Stops taking requests, drains and ends every instance. */
  close(): Promise<void>;
}

/** Starts everything; takes requests when it settles. What was started is undone when something fails. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { logger, dataDir } = options;
  const hypervisor = await Hypervisor.load(options.configFile, {
    logger,
    ...(dataDir === undefined ? {} : { dataDir }),
  });
  const undo: Undo = [() => hypervisor.close()];
  // All at once: the proxy takes no further request while the instances finish theirs.
  const close = async () => {
    await Promise.all(undo.splice(0).map((step) => step()));
  };
  try {
    const proxy = await openProxy(hypervisor, options, undo);
    hypervisor.setProxyPort(proxy.port);
    const api = await openApis(hypervisor, options, undo);
    return { hypervisor, proxy, api, close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Undo = (() => Promise<void>)[];

async function openProxy(hypervisor: Hypervisor, options: DaemonOptions, undo: Undo): Promise<ListenAddress> {
  const { config, internals } = hypervisor;
  const table = {
    domains: config.proxy.domains,
    defaultService: config.proxy.defaultService,
    services: new Set(config.services.keys()),
    aliases: config.aliases,
  };
  const proxy = createProxy({
    source: internals.supervisor,
    table: () => table,
    trustedProxies: config.proxy.trustedProxies,
    logger: options.logger,
  });
  undo.push(() => proxy.close(PROXY_CLOSE_GRACE_MS));
  return proxy.listen(options.proxy ?? config.proxy.listen);
}

async function openApis(hypervisor: Hypervisor, options: DaemonOptions, undo: Undo): Promise<ListenAddress> {
  const { config, internals } = hypervisor;
  const { supervisor, events, logs, tokens } = internals;
  const { stateDir } = config.settings;
  const deps = { supervisor, events, logs, tokens, version: options.version };
  if (config.api.auth === 'token') ensureAdminToken(tokens, join(stateDir, 'admin.token'));
  const control = createApi({ deps, trust: 'control-socket', logger: options.logger });
  undo.push(() => control.close());
  await control.listen({ path: controlSocketOf(config.settings) });
  undo.push(tellWhere(config, options.logger));
  const api = createApi({ deps, trust: config.api.auth, logger: options.logger });
  undo.push(() => api.close());
  return api.listen(options.api ?? config.api.listen);
}

/** Without the note, commands need a config that names the data directory. */
function tellWhere(config: Config, logger: Logger): () => Promise<void> {
  try {
    const forget = tellControlSocket(config);
    return async () => forget();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logger.warn({ reason }, 'commands will not find this server by its config');
    return async () => {};
  }
}
