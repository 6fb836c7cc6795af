/** Starts children: directories, environment, port, watch, spawn. Expected failures come back as a sentence. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { assertTenantId, type ProcessIdentity } from '../core/instance.ts';
import type { InstancePaths, Launcher, LaunchRequest, ProcessExit } from '../core/ports.ts';
import type { ServiceConfig, Settings } from '../core/service.ts';
import { assertSocketPath, bindSocketPath } from '../core/socket-path.ts';
import { fillTemplate, type TemplateValues } from '../core/template.ts';
import type { Logger } from '../logger.ts';
import { Child } from './child.ts';
import { type Covered, coverInherited } from './descriptors.ts';
import { deleteDir, ensureTenantDir, freshBindDir, removeBindDir } from './directories.ts';
import { childEnvironment } from './environment.ts';
import type { OutputSink } from './output-sink.ts';
import { releasePort, takePort } from './port.ts';
import { identityOf, isAlive, withEnvironmentEntry } from './proc.ts';
import { removeStaleSocket } from './public-socket.ts';
import { DirWatch } from './readiness.ts';
import { terminateLeftover } from './terminate.ts';

export interface LauncherOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly sink: OutputSink;
  /** What children may inherit from by name; default this process's. */
  readonly baseEnv?: NodeJS.ProcessEnv;
}

interface Context extends LauncherOptions {
  readonly covered: readonly Covered[];
}

type LaunchResult = Awaited<ReturnType<Launcher['launch']>>;

/** How a child is started, templates filled in. */
interface Plan {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Record<string, string>;
}

export function createLauncher(options: LauncherOptions): Launcher {
  const { settings } = options;
  const context: Context = { ...options, covered: coverInherited() };
  return {
    paths: (service, tenantId) => instancePaths(settings, service, tenantId),
    launch: (request) => launch(request, context),
    endLeftover,
    deleteTenantDir: async (tenantId) => {
      assertTenantId(tenantId);
      await deleteDir(join(settings.dataDir, tenantId));
    },
  };
}

function instancePaths(settings: Settings, service: ServiceConfig, tenantId: string): InstancePaths {
  const tenantDir = join(settings.dataDir, tenantId);
  const values = { ...baseValues(settings, service, tenantId), tenant_dir: tenantDir };
  const socket = fillTemplate(service.socket, values);
  const bindSocket = bindSocketPath(socket, service.name, tenantId, process.getuid?.() ?? 0);
  assertSocketPath(socket);
  assertSocketPath(bindSocket);
  return { tenantDir, publicSocket: service.listen === 'socket' ? socket : null, bindSocket };
}

function baseValues(settings: Settings, service: ServiceConfig, tenantId: string): TemplateValues {
  return {
    id: tenantId,
    service: service.name,
    name: service.name,
    data_dir: settings.dataDir,
    runtime_dir: settings.runtimeDir,
  };
}

async function launch(request: LaunchRequest, options: Context): Promise<LaunchResult> {
  const { service, paths } = request;
  let port: number | null = null;
  let dirWatch: DirWatch | null = null;
  try {
    if (service.listen === 'port') port = await takePort();
    const { tmpDir } = ensureTenantDir(paths.tenantDir);
    freshBindDir(paths.bindSocket);
    dirWatch = new DirWatch(paths.bindSocket);
    return await start(request, options, planFor(request, options, port, tmpDir), port, dirWatch);
  } catch (error) {
    dirWatch?.close();
    removeBindDir(paths.bindSocket);
    if (port !== null) releasePort(port);
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

function planFor(request: LaunchRequest, options: LauncherOptions, port: number | null, tmpDir: string): Plan {
  const { service, tenantId, paths } = request;
  const values: TemplateValues = {
    ...baseValues(options.settings, service, tenantId),
    tenant_dir: paths.tenantDir,
    socket: paths.bindSocket,
    ...(port === null ? {} : { port: String(port) }),
  };
  const fill = (template: string) => fillTemplate(template, values);
  const [file = '', ...args] = service.command.map(fill);
  const env = childEnvironment({
    base: options.baseEnv ?? process.env,
    inherit: service.inheritEnv,
    service: Object.fromEntries(Object.entries(service.env).map(([name, value]) => [name, fill(value)])),
    tenant: request.env,
    tenantId,
    serviceName: service.name,
    tenantDir: paths.tenantDir,
    tmpDir,
    bindSocket: paths.bindSocket,
    port,
  });
  return { file, args, cwd: fill(service.workdir), env };
}

async function start(
  request: LaunchRequest,
  options: Context,
  plan: Plan,
  port: number | null,
  dirWatch: DirWatch,
): Promise<LaunchResult> {
  if (!statSync(plan.cwd, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Error(`workdir is not a directory: ${plan.cwd}`);
  }
  const subprocess = spawnChild(plan, options.covered);
  const { pid, stdout, stderr } = subprocess;
  if (pid === undefined) {
    const { code, originalMessage } = await subprocess;
    throw new Error(whyNotSpawned(plan.file, code, originalMessage));
  }
  const exited = new Promise<ProcessExit>((resolve) => {
    subprocess.nodeChildProcess.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const { service, paths, instance } = request;
  const child = new Child({
    identity: identityOf(pid),
    exited,
    service,
    bindSocket: paths.bindSocket,
    publicSocket: paths.publicSocket,
    port,
    dirWatch,
    output: options.sink.attach(instance, stdout, stderr),
  });
  return { ok: true, process: child };
}

function spawnChild(plan: Plan, covered: readonly Covered[]) {
  return execa(plan.file, plan.args, {
    cwd: plan.cwd,
    env: plan.env,
    extendEnv: false,
    // A session and group of its own, so that all it starts can be signalled as one.
    detached: true,
    // execa takes any descriptor, its types name only 3 to 9.
    stdio: ['ignore', 'pipe', 'pipe', ...(covered as readonly ('ignore' | 9)[])],
    cleanup: false,
    buffer: false,
    reject: false,
  });
}

function whyNotSpawned(file: string, code: string | undefined, message: string | undefined): string {
  if (code === 'ENOENT') return `command not found: ${file}`;
  if (code === 'EACCES') return `not allowed to run: ${file}`;
  return `could not run ${file}: ${message ?? code ?? 'unknown reason'}`;
}

/** Ends a process that an earlier supervisor left, if it is still that process, and removes its sockets. */
async function endLeftover(identity: ProcessIdentity, paths: InstancePaths, graceMs: number): Promise<boolean> {
  const marker = `SOCKET_PATH=${paths.bindSocket}`;
  const found = isAlive(identity) || withEnvironmentEntry(marker).length > 0;
  if (found) await terminateLeftover(identity, marker, graceMs);
  if (paths.publicSocket !== null) removeStaleSocket(paths.publicSocket);
  removeBindDir(paths.bindSocket);
  return found;
}
