/**
 * Starts children and takes back those of an earlier server: directories, environment, port, output, process. Expected
 * failures are returned as a sentence.
 */
import { closeSync } from 'node:fs';
import { join } from 'node:path';
import type { InstanceName, ProcessRecord } from '../../core/lifecycle/instance.ts';
import type { LaunchedProcess, Launcher, LaunchRequest, LaunchResult } from '../../core/ports.ts';
import { type HiddenPaths, hiddenPaths } from '../../core/service/hidden-paths.ts';
import type { Config, ServiceConfig, Settings } from '../../core/service/service.ts';
import { upstreamSocketPath } from '../../core/service/socket-path.ts';
import { fillTemplate } from '../../core/service/template.ts';
import { assertTenantId } from '../../core/tenants/tenant.ts';
import { type Logger, silentLogger } from '../../logger.ts';
import type { Cgroup, Cgroups } from '../cgroup/cgroup.ts';
import { findCgroups } from '../cgroup/find.ts';
import { makeCapped } from '../cgroup/make-capped.ts';
import { Child } from '../child/child.ts';
import { watchExit } from '../child/exit-watch.ts';
import { DirWatch } from '../child/readiness.ts';
import { endStrays, strayProcesses } from '../child/strays.ts';
import { DynamicUsers } from '../isolation/dynamic-user.ts';
import { assertHostGives } from '../isolation/host/host-support.ts';
import { assertPrograms } from '../isolation/host/programs.ts';
import { HostSockets } from '../isolation/host-sockets.ts';
import { type Isolation, isolationFor, ownerFor, type Surroundings, socketsAround } from '../isolation/isolation.ts';
import { removeBundle } from '../isolation/runsc/bundle.ts';
import { FilterFile } from '../isolation/seccomp/filter-file.ts';
import type { OutputSink } from '../output/output-sink.ts';
import { isAlive } from '../proc/proc.ts';
import { keepReserve } from '../proc/reserve.ts';
import { freshBindDir, isBindSocket, removeBindDir, sweepBindDirs } from '../sockets/bind-dir.ts';
import { keepPort, releasePort, takePort } from '../sockets/port.ts';
import { isPublished, withdrawSocket } from '../sockets/public-socket.ts';
import { connectionsByPath } from '../sockets/unix-sockets.ts';
import { ensureTenantDir } from '../storage/directories.ts';
import { takeOwnership } from '../storage/ownership.ts';
import { purgeDir, trashesOf } from '../storage/purge.ts';
import { Trash } from '../storage/trash.ts';
import { coverInherited } from './descriptors.ts';
import { Fifos } from './fifos.ts';
import { instancePaths, type LaunchSpec, launchSpecFor, specOf, valuesOf } from './launch-spec.ts';
import { prepareCommand, removeCommandCgroups } from './operator-command.ts';
import { type Shell, SpareShells } from './spare-shells.ts';
import { assertRunnable, spawnChild } from './spawn.ts';

export interface LauncherOptions {
  readonly settings: Settings;
  readonly sink: OutputSink;
  /** Default: no log. */
  readonly logger?: Logger;
  /** Environment from which children inherit by name; default: this process's. */
  readonly baseEnv?: NodeJS.ProcessEnv;
  /** Called when a process has ended that listened on `fd`. The callee closes `fd`. Default: it is closed. */
  onListenerLeft?(instance: InstanceName, fd: number): void;
  /** The services of now, whose files are hidden from every tenant; default: none. */
  config?(): Pick<Config, 'file' | 'services'>;
}

interface Context extends LauncherOptions, Surroundings {
  /** Found once, when first needed, because finding them may move this process into another cgroup. */
  cgroups(): Cgroups;
  readonly fifos: Fifos;
  readonly shells: SpareShells;
  readonly logger: Logger;
  readonly trash: Trash;
}

export function createLauncher(options: LauncherOptions): Launcher {
  const { settings, logger = silentLogger() } = options;
  keepReserve();
  const trash = new Trash({ logger });
  const fifos = new Fifos(join(settings.stateDir, 'output'));
  const filterFile = new FilterFile(settings.stateDir);
  let cgroups: Cgroups | null = null;
  const context: Context = {
    ...options,
    logger,
    trash,
    fifos,
    users: new DynamicUsers(settings),
    shells: new SpareShells(fifos, coverInherited()),
    hostSockets: new HostSockets(),
    filterPath: () => filterFile.path(),
    hiddenPaths: (service) => hiddenPathsFor(service, options),
    cgroups: () => {
      cgroups ??= findCgroups({ root: settings.cgroupRoot, stateDir: settings.stateDir });
      return cgroups;
    },
  };
  return {
    prepare: async () => {
      assertPrograms();
      await fifos.prepare();
      context.shells.refillLater();
      sweepAll(context);
      removeCommandCgroups(context.cgroups());
    },
    close: async () => {
      await context.shells.close();
      await fifos.close();
      await trash.close();
      filterFile.close();
      cgroups?.close();
    },
    assertHostGives: (services) => assertHostGives(services, context.cgroups(), settings),
    paths: (service, tenantId) => instancePaths(settings, service, tenantId),
    spec: specOf,
    launch: (request) => launch(request, context),
    prepareCommand: (request, asked) => prepareCommand(request, asked, context),
    isAlive,
    isPublished: ({ publicSocket, bindSocket }) =>
      publicSocket !== null && isPublished({ publicSocket, upstreamSocket: upstreamSocketPath(bindSocket) }),
    adopt: (request, record) => adopt(request, record, context),
    connections: connectionsByPath,
    strays: (bindSockets) => strayProcesses(bindSockets, settings.dataDir),
    endStrays: (strays) => {
      const pids = new Set(strays.map(({ pid }) => pid));
      // Frozen processes take no signal; with cgroup v1 not even SIGKILL.
      for (const cgroup of context.cgroups().all())
        if (cgroup.pids().some((pid) => pids.has(pid))) cgroup.freeze(false);
      return endStrays(strays);
    },
    forget: (record, instance) => {
      if (instance === null && !isBindSocket(record.bindSocket)) return;
      removeTraces(record, context);
      if (instance !== null) fifos.remove(instance);
      removeBundle({ stateDir: settings.stateDir, bindSocket: record.bindSocket });
      context.cgroups().find(record.cgroup)?.remove();
    },
    deleteTenantDir: async (tenantId) => {
      assertTenantId(tenantId);
      purgeDir(join(settings.dataDir, tenantId), settings, trash);
      context.users.forget(tenantId);
    },
  };
}

function hiddenPathsFor(service: ServiceConfig, { settings, config }: LauncherOptions): HiddenPaths {
  const { file = null, services = new Map() } = config?.() ?? {};
  return hiddenPaths({ settings, file, services: [...services.values(), service] }, process.getuid?.() ?? 0);
}

/** Deletes in the background what an earlier server has set aside. */
function sweepAll({ trash, settings, config }: Context): void {
  trash.prepare();
  for (const place of trashesOf(settings)) trash.sweep(place);
  const services = config?.().services.values() ?? [];
  // Where each tenant has its own socket directory, it is swept when its process is taken back or started.
  for (const service of services) sweepBindDirs(instancePaths(settings, service, 'x').bindSocket, trash);
}

async function launch(request: LaunchRequest, context: Context): Promise<LaunchResult> {
  const { service, paths } = request;
  let port: number | null = null;
  let dirWatch: DirWatch | null = null;
  let cgroup: Cgroup | null = null;
  try {
    const sockets = await socketsAround(request, context);
    if (service.listen === 'port') port = await takePort();
    const owner = ownerFor(request, context);
    await takeOwnership(paths.tenantDir, owner, context.settings);
    const { tmpDir } = ensureTenantDir(paths.tenantDir, owner);
    withdrawSocket(upstreamSocketPath(paths.bindSocket), paths.publicSocket, context.trash);
    freshBindDir(paths.bindSocket, owner, context.trash);
    dirWatch = new DirWatch(paths.bindSocket);
    const spec = launchSpecFor(request, context, port, tmpDir);
    cgroup = makeCapped(context.cgroups(), leafOf(request), request.limits);
    const isolation = isolationFor(request, spec, owner, { ...context, sockets, cgroupDirs: cgroup?.dirs ?? [] });
    return await start(request, context, { spec, isolation, port, dirWatch, cgroup });
  } catch (error) {
    dirWatch?.close();
    cgroup?.remove();
    removeTraces({ bindSocket: paths.bindSocket, publicSocket: null }, context);
    removeBundle({ stateDir: context.settings.stateDir, bindSocket: paths.bindSocket });
    if (port !== null) releasePort(port);
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

interface Prepared {
  readonly spec: LaunchSpec;
  readonly isolation: Isolation;
  readonly port: number | null;
  readonly dirWatch: DirWatch;
  /** null without cgroups. */
  readonly cgroup: Cgroup | null;
}

async function start(request: LaunchRequest, context: Context, prepared: Prepared): Promise<LaunchResult> {
  assertRunnable(prepared.spec);
  const shell = await context.shells.take();
  try {
    return { ok: true, process: startIn(shell, request, context, prepared) };
  } catch (error) {
    await shell.discard();
    throw error;
  }
}

function startIn(shell: Shell, request: LaunchRequest, context: Context, prepared: Prepared): Child {
  const { spec, isolation, port, dirWatch, cgroup } = prepared;
  const { service, paths, instance } = request;
  const ends = shell.output.assign(instance);
  const output = context.sink.attach({ instance, ...ends, logLimitBytes: service.logLimitBytes, resumed: false });
  const removeOutput = () => removeFiles(request, context);
  try {
    const wrapping = { joinFiles: cgroup?.joinFiles ?? [], ...isolation };
    const { identity, exited, unref } = spawnChild(shell, spec, wrapping);
    const { bindSocket, publicSocket } = paths;
    const record = { ...identity, bindSocket, publicSocket, port, cgroup: cgroup?.dirs ?? [], spec: specOf(request) };
    const onListenerLeft = (fd: number) => passOn(context, instance, fd);
    const removeSockets = () => removeTraces(paths, context);
    const life = { isAdopted: false, onGone: () => {}, onListenerLeft, onReleased: unref, removeSockets, removeOutput };
    const fill = filler(request, context);
    return new Child({ record, exited, service, cgroup, dirWatch, output, trash: context.trash, fill, ...life });
  } catch (error) {
    output.close();
    removeOutput();
    throw error;
  }
}

/** Takes a process back in whatever state it is. It is then probed or ended like a launched one. */
function adopt(request: LaunchRequest, record: ProcessRecord, context: Context): LaunchedProcess {
  const { instance, service } = request;
  const { stdout, stderr } = context.fifos.reopen(instance);
  const output = context.sink.attach({ instance, stdout, stderr, logLimitBytes: service.logLimitBytes, resumed: true });
  const { exited, look } = watchExit(record, output.done);
  sweepBindDirs(record.bindSocket, context.trash);
  if (record.port !== null) keepPort(record.port);
  return new Child({
    record,
    exited,
    service,
    cgroup: context.cgroups().find(record.cgroup),
    dirWatch: new DirWatch(record.bindSocket),
    output,
    fill: filler(request, context),
    isAdopted: true,
    onGone: look,
    onListenerLeft: (fd) => passOn(context, instance, fd),
    onReleased: () => {},
    trash: context.trash,
    removeSockets: () => removeTraces(record, context),
    removeOutput: () => removeFiles(request, context),
  });
}

function filler(request: LaunchRequest, { settings }: Context): (template: string) => string {
  const values = valuesOf(request, settings);
  return (template) => fillTemplate(template, values);
}

function passOn({ onListenerLeft }: LauncherOptions, instance: InstanceName, fd: number): void {
  if (onListenerLeft === undefined) closeSync(fd);
  else onListenerLeft(instance, fd);
}

/** Names the cgroup of an instance. Neither ids nor service names contain a dot. */
function leafOf({ service, tenantId }: LaunchRequest): string {
  return `${service.name}.${tenantId}`;
}

/** Removes files that served one process only. */
function removeFiles({ instance, paths }: LaunchRequest, { fifos, settings }: Context): void {
  fifos.remove(instance);
  removeBundle({ stateDir: settings.stateDir, bindSocket: paths.bindSocket });
}

type Traces = Pick<ProcessRecord, 'publicSocket' | 'bindSocket'>;

/** Removes the sockets of a process that has ended. A failure is logged; the next start does not depend on it. */
function removeTraces(
  { publicSocket, bindSocket }: Traces,
  { trash, logger }: Pick<Context, 'trash' | 'logger'>,
): void {
  try {
    withdrawSocket(upstreamSocketPath(bindSocket), publicSocket, trash);
    removeBindDir(bindSocket, trash);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logger.error({ bindSocket, reason }, 'the sockets of a process that has ended are still there');
  }
}
