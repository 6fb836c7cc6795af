/** Wires the parts of a hypervisor together. This is the one file that knows all of them, except the listeners. */
import { join } from 'node:path';
import { type LoadOptions, loadConfig } from './config/load.ts';
import { TurnedAway } from './core/admission/turned-away.ts';
import { DomainRoutes } from './core/domains/domain-routes.ts';
import type { InstanceName } from './core/lifecycle/instance.ts';
import { type DescriptorShares, roomForActivationSockets } from './core/limits/descriptors.ts';
import type { NotifyPort } from './core/notify/notify-port.ts';
import { RequestMeasures } from './core/observing/request-measures.ts';
import type { ActivationSockets, Clock, ProcessHooks } from './core/ports.ts';
import { type ProxySettingsFeed, ProxySettingsPublisher, proxySettings } from './core/routing/proxy-settings.ts';
import { sharedHosts } from './core/routing/shared-hosts.ts';
import { WebAddresses } from './core/routing/web-addresses.ts';
import { type ConfigFeed, ServedConfig } from './core/service/served-config.ts';
import type { EventLog } from './core/stores/event-log.ts';
import type { LogStore } from './core/stores/log-store.ts';
import type { TokenStore } from './core/stores/token-store.ts';
import type { UsageFace } from './core/usage/usage-face.ts';
import { onFault } from './faults.ts';
import type { Logger } from './logger.ts';
import { systemClock } from './node/clock.ts';
import { holdEventLoop } from './node/hold-event-loop.ts';
import { lookUpTxt } from './node/txt-records.ts';
import { Logins } from './parts/access/logins.ts';
import { openIdentity, type ServerIdentity } from './parts/access/server-identity.ts';
import { Tokens } from './parts/access/tokens.ts';
import { lazyArchives } from './parts/archives.ts';
import { Backups } from './parts/backups.ts';
import { sharesOf } from './parts/descriptor-shares.ts';
import { lazyHookRunner } from './parts/hook-runner.ts';
import { internalErrors } from './parts/internal-errors.ts';
import { instanceFinder } from './parts/known-hosts.ts';
import { Notifications } from './parts/notifications.ts';
import { type OwnDirectories, ownDirectories } from './parts/own-directories.ts';
import { reload } from './parts/reload.ts';
import { servePublicSockets } from './parts/sockets/socket-serving.ts';
import { Certificates } from './parts/tls/certificates.ts';
import { ServerTls } from './parts/tls/server-tls.ts';
import { LazyVault } from './parts/vault.ts';
import { createUsageMeter } from './process/child/usage.ts';
import { createOutput } from './process/output/output.ts';
import { readHostMemory } from './process/proc/host-memory.ts';
import { createProcesses } from './process/processes.ts';
import { createStorageMeter } from './process/storage/storage-meter.ts';
import type { PublicSockets } from './proxy/public-sockets.ts';
import { openStores } from './registry/stores.ts';
import { serveSelfApi } from './self-api/on-connection.ts';
import { Supervisor } from './supervisor/supervisor.ts';
import { LazyTracing } from './telemetry/lazy-tracing.ts';
import { startExpiry } from './usage/expiry.ts';
import { Recorder } from './usage/recorder.ts';
import { usageReport } from './usage/report.ts';
import { systemUptime } from './usage/uptime.ts';
import { version } from './version.ts';

/** How long the end waits for another process's lock on the registry. Events that are not written by then are lost. */
const LAST_EVENTS_WAIT_MS = 5000;

export interface ComposeOptions {
  readonly logger: Logger;
  readonly loadOptions: LoadOptions;
  /** Port of the proxy. Default: the port of `[proxy] listen`. */
  readonly proxyPort?: number;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Default: none. */
  readonly processHooks?: ProcessHooks | null;
}

export interface Parts {
  readonly served: ConfigFeed;
  readonly supervisor: Supervisor;
  /** Settings that proxies, workers and `/api/ask` route by. */
  readonly proxySettings: ProxySettingsFeed;
  readonly events: EventLog;
  readonly logs: LogStore;
  readonly tokens: Tokens;
  readonly tokenStore: TokenStore;
  readonly logins: Logins;
  readonly notify: NotifyPort;
  readonly backups: Backups;
  readonly usage: UsageFace;
  readonly turnedAway: TurnedAway;
  readonly measures: RequestMeasures;
  readonly tracing: LazyTracing;
  readonly identity: ServerIdentity;
  readonly tls: ServerTls;
  readonly certificates: Certificates;
  readonly descriptors: DescriptorShares;
  readonly webAddresses: WebAddresses;
  /** Returns the instance that the proxy finds for a host; null: none. */
  instanceOf(host: string): InstanceName | null;
  /** Whether tenants share a host. */
  isShared(host: string): boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly publicSockets: PublicSockets;
  readonly activationSockets: ActivationSockets;
  /** Like `reload` in reload.ts. */
  reload(): string[];
  /** Releases the state directory and the socket directories. */
  release(options: { keepTenants?: boolean; hurry?: AbortSignal }): Promise<void>;
}

/**
 * Loads a config, takes its state directory and starts what should run.
 * @throws {TenementError} `config_not_found`, `bad_config`, `already_running`, `sockets_taken`, `host_cannot`,
 * `state_failed`
 */
export async function openParts(file: string, options: ComposeOptions): Promise<Parts> {
  const { logger } = options;
  const loadOptions = { ...options.loadOptions, withSecrets: true };
  const asked = loadConfig(file, loadOptions);
  const own = await holdEventLoop(
    ownDirectories(asked, {
      load: () => loadConfig(file, { ...loadOptions, ownRuntimeDir: true }),
      warn: (text) => logger.warn({}, text),
    }),
  );
  const parts = assembleOrGiveBack(own, {
    proxyPort: asked.proxy.listen.port,
    clock: systemClock,
    processHooks: null,
    ...options,
    loadOptions,
  });
  try {
    // URLs of instances depend on which hosts have certificates.
    await parts.tls.open(parts.served.current.tls);
    await parts.tracing.settled;
    await holdEventLoop(parts.supervisor.open());
    parts.backups.apply(parts.served.current.backup);
  } catch (error) {
    await holdEventLoop(parts.supervisor.close());
    await parts.release({});
    throw error;
  }
  return parts;
}

function assembleOrGiveBack(own: OwnDirectories, options: Required<ComposeOptions>): Parts {
  try {
    return assemble(own, options);
  } catch (error) {
    own.claims.release({ keepTenants: true });
    own.lock.release();
    throw error;
  }
}

function assemble(own: OwnDirectories, options: Required<ComposeOptions>): Parts {
  const { logger, loadOptions, proxyPort, clock, processHooks } = options;
  const { config, claims } = own;
  const { stateDir } = config.settings;
  const served = new ServedConfig(config);
  const databaseFile = join(stateDir, 'tenement.db');
  const stores = openStores(databaseFile, { logger, clock });
  const { events, secrets, outbox } = stores;
  const notify = new Notifications({ outbox, events, clock, logger, random: Math.random });
  notify.apply(config.notify);
  const output = createOutput({ dir: join(stateDir, 'logs'), logger });
  const descriptors = sharesOf(config, stores.instances.list().length);
  const tls = new ServerTls(logger);
  const webAddresses = new WebAddresses(served, proxyPort, tls.table);
  const processes = createProcesses({
    settings: config.settings,
    sink: output,
    logger,
    config: () => served.current,
    maxActivationSockets: () => roomForActivationSockets(descriptors, served.current.settings.maxRunning),
  });
  const usage = new Recorder({ store: stores.usage, clock, uptime: systemUptime(), logger });
  const endExpiry = startExpiry({ file: databaseFile, clock, logger });
  const vault = new LazyVault({ stateDir, credentialsDir: process.env['CREDENTIALS_DIRECTORY'] || null }, secrets);
  const domainRoutes = new DomainRoutes();
  const openHookRunner = lazyHookRunner(stateDir);
  const supervisor: Supervisor = new Supervisor({
    served,
    clock,
    ...processes,
    processHooks,
    meter: createUsageMeter(),
    storageMeter: createStorageMeter(),
    usage,
    descriptors,
    registry: stores.instances,
    tenants: stores.tenants,
    domains: stores.domains,
    domainRoutes,
    lookUpTxt: (name) => lookUpTxt(name, served.current.tenants.dnsServers),
    hooks: stores.hooks,
    openHookRunner,
    counters: stores.counters,
    quotas: stores.quotas,
    secrets,
    openArchives: lazyArchives(processes.copying),
    version,
    openVault: vault.open,
    vaultKey: vault,
    steadyMs: () => performance.now(),
    events,
    logger,
    readHostMemory,
    random: Math.random,
    removeLogs: (instance) => output.remove(instance),
    webAddressOf: (service, tenantId) => webAddresses.of(service, tenantId),
    urlOf: (host) => webAddresses.urlOf(host),
    certificateOf: (host) => certificates.of(host),
  });
  processes.onSelfConnection(serveSelfApi({ verbs: supervisor.selfVerbs, clock, logger }));
  const kept = { stateDir, store: stores.backups, tenants: supervisor.backups };
  const backups = new Backups({ ...kept, events, clock, logger, env: process.env });
  const settings = new ProxySettingsPublisher(proxySettings(config, 1), domainRoutes);
  const turnedAway = new TurnedAway();
  const observing = { measures: new RequestMeasures(), tracing: new LazyTracing(logger) };
  settings.follow(({ telemetry = null }) => observing.tracing.apply(telemetry));
  const identity = openIdentity(config.jwt, logger);
  const instanceOf = instanceFinder(settings, (instance) => supervisor.has(instance));
  const isShared = sharedHosts(settings);
  const certificates: Certificates = new Certificates({
    stateDir,
    version,
    store: stores.certificates,
    table: tls.table,
    domainRoutes,
    openHookRunner,
    events,
    clock,
    logger,
    instanceOf,
    isShared,
    tenants: supervisor,
  });
  const publicSockets = servePublicSockets({
    processes,
    supervisor,
    descriptors,
    turnedAway,
    ...observing,
    identity,
    logger,
    served,
    settings,
  });
  const forget = onFault(internalErrors(events, clock));
  const shared = {
    served,
    supervisor,
    events,
    logs: output,
    notify,
    backups,
    turnedAway,
    ...observing,
    identity,
    tls,
    certificates,
    instanceOf,
    isShared,
    descriptors,
    webAddresses,
    clock,
    logger,
  };
  return {
    ...shared,
    proxySettings: settings,
    usage: { ...usageReport(stores.usageReader, clock), sinceStart: () => usage.sinceStart },
    tokenStore: stores.tokens,
    publicSockets,
    logins: new Logins({ store: stores.tokens, events, clock: systemClock }),
    activationSockets: processes.activationSockets,
    tokens: new Tokens({
      store: stores.tokens,
      events,
      clock,
      services: () => [...served.current.services.keys()],
    }),
    reload: () => reload({ ...shared, file: config.file, loadOptions, settings, keys: identity.keys, claims }),
    release: async (options) => {
      forget();
      endExpiry();
      identity.keys.close();
      await certificates.close();
      tls.close();
      publicSockets.close();
      await observing.tracing.close();
      await notify.close(options.hurry);
      await usage.close(LAST_EVENTS_WAIT_MS);
      await events.settled(LAST_EVENTS_WAIT_MS);
      stores.close();
      own.claims.release(options);
      own.lock.release();
    },
  };
}
