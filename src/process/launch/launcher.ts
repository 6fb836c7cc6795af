/**
 * Starts children and takes back those of an earlier server: directories, environment, port, output, process. Expected
 * failures are returned as a sentence.
 */
import { closeSync } from 'node:fs';
import type { InstanceName, ProcessRecord } from '../../core/lifecycle/instance.ts';
import type { LaunchedProcess, Launcher, LaunchRequest, LaunchResult } from '../../core/ports.ts';
import type { SecretValues } from '../../core/secrets/sealed-secret.ts';
import { upstreamSocketPath } from '../../core/service/socket-path.ts';
import { fillTemplate } from '../../core/service/template.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import { makeCapped } from '../cgroup/make-capped.ts';
import { Child } from '../child/child.ts';
import { watchExit } from '../child/exit-watch.ts';
import { DirWatch } from '../child/readiness.ts';
import { type Isolation, isolationFor, ownerFor, reachableSockets } from '../isolation/isolation.ts';
import type { ProcessContext } from '../process-context.ts';
import { writeSecrets } from '../secrets/secret-files.ts';
import { freshBindDir, sweepBindDirs } from '../sockets/bind-dir.ts';
import { keepPort, releasePort, takePort } from '../sockets/port.ts';
import { withdrawSocket } from '../sockets/public-socket.ts';
import { ensureTenantDir, type Owner } from '../storage/directories.ts';
import { takeOwnership } from '../storage/ownership.ts';
import { launchFingerprint } from './fingerprint.ts';
import { instancePaths, type LaunchSpec, launchSpecFor, selfSocketOf, templateValuesOf } from './launch-spec.ts';
import { removeBundles, removeOutputFiles, removeSockets } from './leftovers.ts';
import { prepareCommand } from './operator-command.ts';
import type { Shell } from './spare-shells.ts';
import { assertRunnable, spawnChild } from './spawn.ts';

export function createLauncher(context: ProcessContext): Launcher {
  return {
    paths: (service, tenantId) => instancePaths(context.settings, service, tenantId),
    spec: launchFingerprint,
    launch: (request, secrets) => launch(request, context, secrets),
    prepareCommand: (request, asked, secrets) => prepareCommand(request, asked, context, secrets),
    adopt: (request, record) => adopt(request, record, context),
  };
}

async function launch(
  request: LaunchRequest,
  context: ProcessContext,
  secrets: SecretValues = new Map(),
): Promise<LaunchResult> {
  const { service, paths } = request;
  let port: number | null = null;
  let dirWatch: DirWatch | null = null;
  let cgroup: Cgroup | null = null;
  try {
    const sockets = await reachableSockets(request, context);
    if (service.listen === 'port') port = await takePort();
    const owner = ownerFor(request, context);
    await takeOwnership(paths.tenantDir, owner, context.settings);
    const { tmpDir } = ensureTenantDir(paths.tenantDir, owner);
    withdrawSocket(upstreamSocketPath(paths.bindSocket), paths.publicSocket, context.trash);
    freshBindDir(paths.bindSocket, owner, context.trash);
    openSelfSocket(request, owner, context);
    dirWatch = new DirWatch(paths.bindSocket);
    const secretsDir = writeSecrets({ instance: request.instance, command: null }, secrets, owner, context);
    const spec = launchSpecFor(request, context, { port, tmpDir, secretsDir }, secrets);
    cgroup = makeCapped(context.cgroups(), leafOf(request), request.service);
    const isolation = isolationFor(request, spec, owner, {
      ...context,
      sockets,
      cgroupDirs: cgroup?.dirs ?? [],
      memoryDir: context.secretFiles.memoryDir,
    });
    return await start(request, context, { spec, isolation, port, dirWatch, cgroup });
  } catch (error) {
    dirWatch?.close();
    cgroup?.remove();
    closeSockets(request.instance, { bindSocket: paths.bindSocket, publicSocket: null }, context);
    removeBundles(paths.bindSocket, context);
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

async function start(request: LaunchRequest, context: ProcessContext, prepared: Prepared): Promise<LaunchResult> {
  assertRunnable(prepared.spec);
  const shell = await context.shells.take();
  try {
    return { ok: true, process: startIn(shell, request, context, prepared) };
  } catch (error) {
    await shell.discard();
    throw error;
  }
}

function startIn(shell: Shell, request: LaunchRequest, context: ProcessContext, prepared: Prepared): Child {
  const { spec, isolation, port, dirWatch, cgroup } = prepared;
  const { service, paths, instance } = request;
  const ends = shell.output.assign(instance);
  const output = context.sink.attach({ instance, ...ends, logLimitBytes: service.logLimitBytes, resumed: false });
  const removeOutput = () => removeOutputFiles(request, context);
  try {
    const wrapping = { joinFiles: cgroup?.joinFiles ?? [], ...isolation };
    const { identity, exited, unref } = spawnChild(shell, spec, wrapping);
    const { bindSocket, publicSocket } = paths;
    const record = {
      ...identity,
      bindSocket,
      publicSocket,
      port,
      cgroup: cgroup?.dirs ?? [],
      spec: launchFingerprint(request),
    };
    const onListenerLeft = (fd: number) => passOn(context, instance, fd);
    const life = { isAdopted: false, onGone: () => {}, onListenerLeft, onReleased: unref, removeOutput };
    const fill = filler(request, context);
    return new Child({
      record,
      exited,
      service,
      cgroup,
      dirWatch,
      output,
      trash: context.trash,
      fill,
      ...life,
      removeSockets: () => closeSockets(instance, paths, context),
    });
  } catch (error) {
    output.close();
    removeOutput();
    throw error;
  }
}

/** Takes a process back in whatever state it is. It is then probed or ended like a launched one. */
function adopt(request: LaunchRequest, record: ProcessRecord, context: ProcessContext): LaunchedProcess {
  const { instance, service } = request;
  const { stdout, stderr } = context.fifos.reopen(instance);
  const output = context.sink.attach({ instance, stdout, stderr, logLimitBytes: service.logLimitBytes, resumed: true });
  const { exited, look } = watchExit(record, output.done);
  sweepBindDirs(record.bindSocket, context.trash);
  if (record.port !== null) keepPort(record.port);
  readoptSelfSocket(request, context);
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
    removeSockets: () => closeSockets(instance, record, context),
    removeOutput: () => removeOutputFiles(request, context),
  });
}

/** Makes the socket by which the instance reaches tenement, if its service has `self_api`. @throws {Error} */
function openSelfSocket(
  { instance, service, tenantId }: LaunchRequest,
  owner: Owner | null,
  context: ProcessContext,
): void {
  if (service.selfApi) context.selfSockets.open(instance, selfSocketOf(service, tenantId, context.settings), owner);
}

/** A process that cannot be given its socket again runs on without it. */
function readoptSelfSocket(request: LaunchRequest, context: ProcessContext): void {
  try {
    openSelfSocket(request, ownerFor(request, context), context);
  } catch (error) {
    context.logger.error({ instance: request.instance, err: error }, 'its self API cannot be reached');
  }
}

function closeSockets(
  instance: InstanceName,
  sockets: Pick<ProcessRecord, 'publicSocket' | 'bindSocket'>,
  context: ProcessContext,
): void {
  context.selfSockets.close(instance);
  context.secretFiles.remove({ instance, command: null });
  removeSockets(sockets, context);
}

function filler(request: LaunchRequest, { settings }: ProcessContext): (template: string) => string {
  const values = templateValuesOf(request, settings);
  return (template) => fillTemplate(template, values);
}

function passOn({ onListenerLeft }: ProcessContext, instance: InstanceName, fd: number): void {
  if (onListenerLeft === undefined) closeSync(fd);
  else onListenerLeft(instance, fd);
}

/** Names the cgroup of an instance. Neither ids nor service names contain a dot. */
function leafOf({ service, tenantId }: LaunchRequest): string {
  return `${service.name}.${tenantId}`;
}
