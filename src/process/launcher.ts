/**
 * Starts children and finds those of an earlier server again: directories, environment, port, output, watch,
 * process. Expected failures come back as a sentence.
 */
import { join } from 'node:path';
import { assertTenantId, type ProcessRecord } from '../core/instance.ts';
import type { LaunchedProcess, Launcher, LaunchRequest, LaunchResult } from '../core/ports.ts';
import type { Settings } from '../core/service.ts';
import { upstreamSocketPath } from '../core/socket-path.ts';
import { Child } from './child.ts';
import { type Covered, coverInherited } from './descriptors.ts';
import { deleteDir, ensureTenantDir, freshBindDir, removeBindDir } from './directories.ts';
import { watchExit } from './exit-watch.ts';
import { Fifos } from './fifos.ts';
import type { OutputSink } from './output-sink.ts';
import { instancePaths, type Plan, planFor, specOf } from './plan.ts';
import { keepPort, releasePort, takePort } from './port.ts';
import { isAlive } from './proc.ts';
import { isPublished, withdrawSocket } from './public-socket.ts';
import { DirWatch } from './readiness.ts';
import { spawnChild } from './spawn.ts';
import { endStrays, strayProcesses } from './strays.ts';
import { connectionsByPath } from './unix-sockets.ts';

export interface LauncherOptions {
  readonly settings: Settings;
  readonly sink: OutputSink;
  /** What children may inherit from by name; default this process's. */
  readonly baseEnv?: NodeJS.ProcessEnv;
}

interface Context extends LauncherOptions {
  readonly covered: readonly Covered[];
  readonly fifos: Fifos;
}

export function createLauncher(options: LauncherOptions): Launcher {
  const { settings } = options;
  const fifos = new Fifos(join(settings.stateDir, 'output'));
  const context: Context = { ...options, fifos, covered: coverInherited() };
  return {
    prepare: () => fifos.prepare(),
    close: () => fifos.close(),
    paths: (service, tenantId) => instancePaths(settings, service, tenantId),
    spec: specOf,
    launch: (request) => launch(request, context),
    isAlive,
    isPublished: ({ publicSocket, bindSocket }) =>
      publicSocket !== null && isPublished({ publicSocket, upstreamSocket: upstreamSocketPath(bindSocket) }),
    adopt: (request, record) => adopt(request, record, context),
    connections: connectionsByPath,
    strays: (bindSockets) => strayProcesses(bindSockets, settings.dataDir),
    endStray: (identity) => endStrays([identity]),
    forget: (record) => removeTraces(record),
    deleteTenantDir: async (tenantId) => {
      assertTenantId(tenantId);
      await deleteDir(join(settings.dataDir, tenantId));
    },
  };
}

async function launch(request: LaunchRequest, context: Context): Promise<LaunchResult> {
  const { service, paths } = request;
  let port: number | null = null;
  let dirWatch: DirWatch | null = null;
  try {
    if (service.listen === 'port') port = await takePort();
    const { tmpDir } = ensureTenantDir(paths.tenantDir);
    withdrawSocket(upstreamSocketPath(paths.bindSocket), paths.publicSocket);
    freshBindDir(paths.bindSocket);
    dirWatch = new DirWatch(paths.bindSocket);
    return await start(request, context, planFor(request, context, port, tmpDir), port, dirWatch);
  } catch (error) {
    dirWatch?.close();
    removeBindDir(paths.bindSocket);
    if (port !== null) releasePort(port);
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

async function start(
  request: LaunchRequest,
  context: Context,
  plan: Plan,
  port: number | null,
  dirWatch: DirWatch,
): Promise<LaunchResult> {
  const { service, paths, instance } = request;
  const { childFds, closeChildFds, stdout, stderr } = await context.fifos.create(instance);
  const output = context.sink.attach({
    instance,
    stdout,
    stderr,
    logLimitBytes: service.logLimitBytes,
    resumed: false,
  });
  const removeOutput = () => context.fifos.remove(instance);
  try {
    const { identity, exited, unref } = await spawnChild(plan, childFds, context.covered);
    const { bindSocket, publicSocket } = paths;
    const record = { ...identity, bindSocket, publicSocket, port, spec: specOf(request) };
    const life = { onGone: () => {}, onReleased: unref, removeOutput };
    const process = new Child({ record, exited, service, dirWatch, output, ...life });
    return { ok: true, process };
  } catch (error) {
    output.close();
    removeOutput();
    throw error;
  } finally {
    closeChildFds();
  }
}

/** Takes a process back, whatever its state: it is probed, or ended, like one that was launched. */
function adopt(request: LaunchRequest, record: ProcessRecord, context: Context): LaunchedProcess {
  const { instance, service } = request;
  const { stdout, stderr } = context.fifos.reopen(instance);
  const output = context.sink.attach({ instance, stdout, stderr, logLimitBytes: service.logLimitBytes, resumed: true });
  const { exited, look } = watchExit(record, output.done);
  if (record.port !== null) keepPort(record.port);
  return new Child({
    record,
    exited,
    service,
    dirWatch: new DirWatch(record.bindSocket),
    output,
    onGone: look,
    onReleased: () => {},
    removeOutput: () => context.fifos.remove(instance),
  });
}

/** What a process that is gone has left behind. */
function removeTraces({ publicSocket, bindSocket }: Pick<ProcessRecord, 'publicSocket' | 'bindSocket'>): void {
  withdrawSocket(upstreamSocketPath(bindSocket), publicSocket);
  removeBindDir(bindSocket);
}
