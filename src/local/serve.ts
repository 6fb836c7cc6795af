/** Runs the server in the foreground until a signal ends it. */
import { networkInterfaces } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { parseListenAddress } from '../config/address.ts';
import type { Config, ListenAddress } from '../core/service/service.ts';
import type { Daemon, DaemonOptions } from '../daemon.ts';
import { detached, keepServing } from '../faults.ts';
import { type Logger, stderrLogger } from '../logger.ts';
import { findCgroups } from '../process/cgroup/find.ts';
import { reapOrphans } from '../process/child/reaper.ts';
import { programWarnings } from '../process/isolation/host/programs.ts';
import { viewWarnings } from '../process/isolation/view-warnings.ts';
import { closeInherited, descriptorLimit } from '../process/launch/descriptors.ts';
import { watchNpm } from '../process/launch/npm.ts';
import { takeInheritedSockets } from '../process/systemd/inherited-sockets.ts';
import { countBodiesWithHeap } from '../proxy/exchange/body-memory.ts';
import { forgeableTrust } from '../proxy/routing/forgeable.ts';
import { descriptorWarning } from './descriptor-limit.ts';
import { closeDebugger } from './no-debugger.ts';
import { unitOfServer, unitWarningsFor } from './service-manager.ts';
import { ServiceNotices } from './service-notices.ts';
import { outliveReaders, type ShutdownRequest, takeSignals } from './signals.ts';
import { welcome } from './welcome.ts';
import { withSmallYoungHeap } from './young-heap.ts';

/** Time in which a server with too many internal errors ends in order. */
const BROKEN_END_MS = 30_000;
/** Killed processes are gone within 5 s, unless they hang in the kernel. */
const HURRY_MS = 10_000;

/** A connection that waits at a socket makes systemd start the next server at once, whatever `RestartSec=` says. */
const FAILED_START_MS = 2000;

export interface ServeOptions {
  readonly configFile: string;
  readonly version: string;
  /** Addresses that override `[proxy] listen` and `[api] listen`. */
  readonly proxy?: string | undefined;
  readonly api?: string | undefined;
  /** Overrides the config's `data_dir`; relative to the current directory. */
  readonly dataDir?: string | undefined;
  readonly logLevel: string;
  /** Whether to print what a newcomer can try, after the ready line. */
  readonly welcome?: boolean | undefined;
}

/** Settles when the server has ended. @throws {TenementError} when it cannot start */
export async function serve(options: ServeOptions): Promise<void> {
  closeInherited();
  const sockets = takeInheritedSockets(process.env);
  const notices = new ServiceNotices(process.env);
  reapOrphans();
  countBodiesWithHeap();
  outliveReaders();
  // Signals are handled from now on, so that a start in progress is not left behind.
  const ending = takeSignals();
  closeDebugger();
  let reload = () => {};
  process.on('SIGHUP', () => reload());
  const logger = stderrLogger({ level: options.logLevel, pretty: process.stderr.isTTY === true });
  endAnyway(ending.hurry, logger);
  endWithNpm(ending, logger);
  const daemon = await withSmallYoungHeap(() => start({ ...options, sockets, keeper: notices.keeper }, logger)).catch(
    async (error) => {
      if (sockets.areAny) await delay(FAILED_START_MS);
      throw error;
    },
  );
  reload = () => daemon.reload();
  const broken = new Promise<'broken'>((resolve) => keepServing(logger, () => resolve('broken')));
  const { config } = daemon;
  const notes = [...viewWarnings(config), ...forgeableTrust(config, networkInterfaces())];
  for (const note of [...config.warnings, ...programWarnings(), ...notes, ...fewDescriptors(daemon)])
    logger.warn({}, note);
  if (!ending.isAsked) sayReady(daemon, options, notices);
  detached(logger, { part: 'unit' }, warnOfUnit(config, logger));
  await end(daemon, { ending, broken, notices }, logger);
}

function sayReady(daemon: Daemon, { welcome: withWelcome }: ServeOptions, notices: ServiceNotices): void {
  const line = readyLine(daemon);
  process.stdout.write(`${line}\n`);
  notices.ready(() => statusLine(daemon));
  if (withWelcome === true) process.stdout.write(welcome(daemon));
}

/** Runs after ready: systemd may be slow to answer, and readiness must not wait for it. */
async function warnOfUnit(config: Config, logger: Logger): Promise<void> {
  const unit = await unitOfServer(process.env);
  if (unit === null) return;
  const { cgroupRoot: root, stateDir } = config.settings;
  for (const warning of unitWarningsFor(unit, config, findCgroups({ root, stateDir })))
    logger.warn({ unit: unit.name }, warning);
}

interface Running {
  readonly ending: ShutdownRequest;
  readonly broken: Promise<'broken'>;
  readonly notices: ServiceNotices;
}

/** Settles when the server has ended, in order or in a hurry. */
async function end(daemon: Daemon, { ending, broken, notices }: Running, logger: Logger): Promise<void> {
  const { asked, hurry } = ending;
  const why = await Promise.race([asked, broken]);
  notices.stopping(why === 'broken' ? 'ending after internal errors' : `ending (${why})`);
  if (why === 'broken') return endBroken(daemon, hurry);
  const keepTenants = why !== 'SIGINT' && daemon.config.settings.onExit === 'keep';
  logger.info({ signal: why, keepTenants }, 'ending');
  await daemon.close({ keepTenants, hurry });
}

/** A service manager starts another server, which takes the tenants back. */
async function endBroken(daemon: Daemon, hurry: AbortSignal): Promise<void> {
  process.exitCode = 1;
  setTimeout(() => process.exit(1), BROKEN_END_MS).unref();
  await daemon.close({ keepTenants: true, hurry });
  process.exit(1);
}

/** Ends the server like SIGTERM, unless npm has passed a signal on before it ended. */
function endWithNpm(ending: ShutdownRequest, logger: Logger): void {
  watchNpm(process.env, () => {
    if (ending.isAsked) return;
    logger.warn({}, 'npm, which started this server, has exited: ending as with SIGTERM');
    process.kill(process.pid, 'SIGTERM');
  });
}

/** Ends the process even if something hangs, including a start. */
function endAnyway(hurry: AbortSignal, logger: Logger): void {
  const giveUp = () => {
    logger.error({}, 'not everything ended in time; the rest is left to the next server');
    process.exit(1);
  };
  const soon = () => void setTimeout(giveUp, HURRY_MS).unref();
  hurry.addEventListener('abort', soon, { once: true });
  if (hurry.aborted) soon();
}

async function start(
  options: ServeOptions & Pick<DaemonOptions, 'sockets' | 'keeper'>,
  logger: Logger,
): Promise<Daemon> {
  const { configFile, version, dataDir, sockets, keeper } = options;
  // Loaded after the signal handlers are installed, because loading the whole server takes a while.
  const { startDaemon } = await import('../daemon.ts');
  return startDaemon({
    configFile,
    logger,
    version,
    proxy: address(options.proxy),
    api: address(options.api),
    dataDir,
    sockets,
    keeper,
    checkHost: async () => (await import('./host-findings.ts')).findHost(configFile),
  });
}

function fewDescriptors({ config, hypervisor: { instanceCount } }: Daemon): string[] {
  const { maxRunning } = config.settings;
  const wanted = { maxRunning, registered: instanceCount, limits: config.proxy.limits };
  const warning = descriptorWarning(wanted, descriptorLimit());
  return warning === null ? [] : [warning];
}

function address(text: string | undefined): ListenAddress | undefined {
  return text === undefined ? undefined : parseListenAddress(text);
}

function statusLine({ hypervisor, proxy, tls, api }: Daemon): string {
  const { awakeCount, instanceCount } = hypervisor;
  const overTls = tls === null ? '' : `, ${url(tls, 'https')}`;
  return `${awakeCount} of ${instanceCount} instances awake; proxy ${url(proxy)}${overTls}, api ${url(api)}`;
}

function readyLine(daemon: Daemon): string {
  const count = daemon.hypervisor.instanceCount;
  const instances = `${count} ${count === 1 ? 'instance' : 'instances'}`;
  const tls = daemon.tls === null ? '' : `, tls ${url(daemon.tls, 'https')}`;
  return `tenement ready: proxy ${url(daemon.proxy)}, api ${url(daemon.api)}${tls}, ${instances}`;
}

function url(address: ListenAddress, scheme = 'http'): string {
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${scheme}://${host}:${address.port}`;
}
