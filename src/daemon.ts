/** The server: a hypervisor with its proxy, its HTTP API and its control socket. */

import { resolve } from 'node:path';
import { type CleanupSteps, openApis } from './api-listeners.ts';
import { openParts, type Parts } from './compose.ts';
import { watchConfig } from './config/watch.ts';
import type { ClientProbes } from './core/admission/client-probes.ts';
import type { HostFindings } from './core/dashboard/host-face.ts';
import { proxyLimits } from './core/limits/descriptors.ts';
import type { SocketKeeper } from './core/service/kept-sockets.ts';
import type { Config, ListenAddress, ProxyLimits } from './core/service/service.ts';
import { frontSocketPath } from './core/service/socket-path.ts';
import { TenementError } from './errors.ts';
import { detached } from './faults.ts';
import { type Hypervisor, hypervisorOver } from './hypervisor.ts';
import type { Logger } from './logger.ts';
import { leaveSockets, takeKeptSockets } from './parts/sockets/kept-sockets.ts';
import { assertMayListen } from './process/isolation/host/listening.ts';
import { type FrontSocket, openFrontSocket } from './process/sockets/front-socket.ts';
import { InheritedSockets } from './process/systemd/inherited-sockets.ts';
import { createProxy, type ProxyAddress, type ProxyServer } from './proxy/server.ts';
import { WorkerPool } from './workers/pool.ts';

/** Bounds requests that hang. Others end when their instance has drained or is gone. */
const PROXY_CLOSE_GRACE_MS = 60_000;

/** Never aborts. */
const PATIENT = new AbortController().signal;
const NO_SOCKETS = new InheritedSockets();

interface DaemonCloseOptions {
  readonly keepTenants?: boolean;
  readonly hurry?: AbortSignal;
}

export interface DaemonOptions {
  readonly configFile: string;
  readonly logger: Logger;
  readonly version: string;
  /** Overrides `[proxy] listen`. */
  readonly proxy?: ListenAddress | undefined;
  /** Overrides `[api] listen`. */
  readonly api?: ListenAddress | undefined;
  readonly dataDir?: string | undefined;
  /** Sockets that the service manager opened, at addresses of the config or others. */
  readonly sockets?: InheritedSockets | undefined;
  /** Keeps Unix sockets while this server ends and the next starts; null: nobody does. */
  readonly keeper?: SocketKeeper | null | undefined;
  /** Finds out what the machine can give, in another process. Default: nothing is found out. */
  readonly checkHost?: (() => Promise<HostFindings>) | undefined;
  /** TCP keep-alive of the clients of the proxy and the API; workers use the default. */
  readonly clientProbes?: ClientProbes | undefined;
}

export interface Daemon {
  readonly hypervisor: Hypervisor;
  /** The config that is served now. */
  readonly config: Config;
  /** Addresses that they listen on, with the actual port for port 0. */
  readonly proxy: ListenAddress;
  /** null: the proxy speaks plain HTTP only. */
  readonly tls: ListenAddress | null;
  readonly api: ListenAddress;
  /** Reads the config again. Errors are logged, and then nothing changes. */
  reload(): void;
  /**
   * Stops accepting requests, drains and ends every instance; with `keepTenants` they run on for the next server. When
   * `hurry` aborts, nothing is waited for: connections are closed, and instances are killed or released.
   */
  close(options?: DaemonCloseOptions): Promise<void>;
}

/** Starts all parts, and settles when requests are accepted. When one part fails, those started before are closed. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { logger, dataDir, sockets = NO_SOCKETS, keeper = null } = options;
  const parts = await openParts(options.configFile, {
    logger,
    loadOptions: dataDir === undefined ? {} : { dataDir: resolve(dataDir) },
    ...(options.proxy === undefined ? {} : { proxyPort: options.proxy.port }),
  });
  const hypervisor = hypervisorOver(parts);
  const undo: CleanupSteps = [];
  const { stateDir } = parts.served.current.settings;
  let front: FrontSocket | null = null;
  const close = async ({ keepTenants = false, hurry = PATIENT }: DaemonCloseOptions = {}) => {
    if (keeper !== null) leaveSockets(keeper, front, { ...parts, stateDir });
    const fronts = undo.splice(0).map((step) => step(hurry));
    // The proxy refuses new requests while instances finish theirs. Instances that stay are released last.
    if (keepTenants) await Promise.all(fronts);
    await Promise.all([...fronts, hypervisor.close({ keepTenants, hurry })]);
  };
  const reload = () => reloadConfig(parts);
  try {
    assertMayListen(listenersOf(parts, options));
    sayDifferences(parts, options);
    front = openFront(parts, undo);
    const { tls = null, ...proxy } = await openProxy(parts, options, undo);
    parts.webAddresses.proxyListensAt(proxy.port, tls?.port ?? null);
    detached(logger, { part: 'acme' }, parts.certificates.begin());
    const api = await openApis(parts, { ...options, listen: listenersOf(parts, options).api.listen }, undo);
    if (keeper !== null) takeKeptSockets(keeper, sockets, { ...parts, stateDir });
    const watch = await watchConfig(parts.served.current.file, reload);
    undo.push(() => watch.close());
    const { served } = parts;
    return {
      hypervisor,
      get config() {
        return served.current;
      },
      proxy,
      tls,
      api,
      reload,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Shows the certificates by ACME that there are. Orders begin when the proxy listens. */
async function openCertificates({ tls, certificates, served }: Parts): Promise<void> {
  if (served.current.tls === null) return;
  // A reload may add [tls.acme]; until then the settings let nobody ask.
  tls.source.obtain = certificates.obtain;
  await certificates.apply(served.current);
}

function listenersOf({ served: { current: config } }: Parts, { proxy, api, sockets = NO_SOCKETS }: DaemonOptions) {
  return {
    proxy: { listen: sockets.at('proxy', proxy ?? config.proxy.listen) },
    tls: config.tls === null ? null : { listen: sockets.at('tls', config.tls.listen) },
    api: { listen: sockets.at('api', api ?? config.api.listen) },
  };
}

function sayDifferences({ served: { current: config } }: Parts, { proxy, api, sockets, logger }: DaemonOptions): void {
  const { tls } = config;
  const configured = {
    proxy: proxy ?? config.proxy.listen,
    tls: tls === null ? null : tls.listen,
    api: api ?? config.api.listen,
  };
  for (const warning of sockets?.warnings(configured) ?? []) logger.warn({}, warning);
}

function reloadConfig(parts: Parts): void {
  try {
    parts.reload();
  } catch {
    // The failure was logged and added to the event log.
  }
}

async function openProxy(parts: Parts, options: DaemonOptions, undo: CleanupSteps): Promise<ProxyAddress> {
  const proxy = parts.served.current.proxy.workers === 1 ? ownProxy(parts, options) : workers(parts, options);
  undo.push((hurry) => proxy.close(PROXY_CLOSE_GRACE_MS, hurry));
  await openCertificates(parts);
  const { proxy: plain, tls } = listenersOf(parts, options);
  return proxy.listen({ ...plain.listen, tls: tls === null ? null : tls.listen });
}

/** Lets front servers of the config's group reach the proxy by a socket. @throws {TenementError} `listen_failed` */
function openFront({ served, publicSockets, logger }: Parts, undo: CleanupSteps): FrontSocket | null {
  const { proxy, settings } = served.current;
  if (proxy.socketGroup === null) return null;
  const path = frontSocketPath(settings);
  try {
    const front = openFrontSocket({
      path,
      group: proxy.socketGroup,
      onConnection: (socket) => publicSockets.takeOfFront(socket),
      onError: (error) => logger.error({ err: error }, 'the socket for front servers does not accept'),
    });
    undo.push(async () => front.close());
    return front;
  } catch (error) {
    throw new TenementError('listen_failed', `the proxy cannot listen at ${path}: ${String(error)}`, { cause: error });
  }
}

function ownProxy(parts: Parts, { logger, clientProbes }: DaemonOptions): ProxyServer {
  const { supervisor: source, proxySettings: settings, turnedAway, measures, tracing, identity, tls } = parts;
  return createProxy({
    source,
    settings,
    limits: limitsOf(parts),
    turnedAway,
    measures,
    tracing,
    identity,
    tls,
    logger,
    clientProbes,
  });
}

function limitsOf({ served, descriptors }: Parts): ProxyLimits {
  return proxyLimits(served.current.proxy.limits, descriptors);
}

function workers(parts: Parts, { logger }: DaemonOptions): ProxyServer {
  const { supervisor: source, served, proxySettings: settings, turnedAway, measures, identity, tls } = parts;
  return new WorkerPool({
    count: served.current.proxy.workers,
    // Each worker may open as many files as the server.
    limits: limitsOf(parts),
    source,
    turnedAway,
    measures,
    identity,
    tls,
    logger,
    settings,
  });
}
