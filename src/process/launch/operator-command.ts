/**
 * Prepares a command that an operator runs with an instance's environment, user, isolation and limits. The command line
 * starts it, so that it has the operator's terminal, pipes and signals. |
 * The command has a cgroup of its own with the instance's limits. In the instance's cgroup it would be frozen, ended or
 * killed for memory together with the instance, and an import that takes too much memory would take the application
 * down. Its SOCKET_PATH and PORT are its own too: an application that is started this way does not displace the
 * instance's, and no server takes it for a process of the instance.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { LaunchRequest } from '../../core/ports.ts';
import type { SecretValues } from '../../core/secrets/sealed-secret.ts';
import type { OperatorCommand, PreparedCommand } from '../../core/service/operator-command.ts';
import { TenementError } from '../../errors.ts';
import type { Cgroup, Cgroups } from '../cgroup/cgroup.ts';
import { makeCapped } from '../cgroup/make-capped.ts';
import { type IsolationDeps, isolationFor, ownerFor, reachableSockets } from '../isolation/isolation.ts';
import { bundleDir } from '../isolation/runsc/bundle.ts';
import { type SecretFiles, writeSecrets } from '../secrets/secret-files.ts';
import { releasePort, takePort } from '../sockets/port.ts';
import { ensureTenantDir, hasTenantDir, tmpDirIn } from '../storage/directories.ts';
import { takeOwnership } from '../storage/ownership.ts';
import { type LaunchSpec, launchSpecFor } from './launch-spec.ts';
import { removeBundles } from './leftovers.ts';
import { assertWorkdir } from './spawn.ts';
import { findCommand, findProgram, quoted, SHELL, scriptFor } from './wrapper.ts';

/**
 * Separates the instance from the number of the command in the name of a cgroup. No instance's own cgroup contains it.
 */
const MARK = '.exec-';

export interface CommandContext extends IsolationDeps {
  cgroups(): Cgroups;
  readonly secretFiles: SecretFiles;
}

/**
 * Prepares a command; makes the tenant's directory if it is missing.
 * @throws {TenementError} `command_not_found`, `exec_failed`, `host_cannot`
 */
export async function prepareCommand(
  instance: LaunchRequest,
  asked: OperatorCommand,
  context: CommandContext,
  secrets: SecretValues = new Map(),
): Promise<PreparedCommand> {
  try {
    return await prepare(instance, asked, context, secrets);
  } catch (error) {
    if (error instanceof TenementError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new TenementError('exec_failed', `${instance.instance}: ${reason}`, { cause: error });
  }
}

async function prepare(
  instance: LaunchRequest,
  asked: OperatorCommand,
  context: CommandContext,
  secrets: SecretValues,
): Promise<PreparedCommand> {
  const { settings } = context;
  const number = randomBytes(4).toString('hex');
  const owner = ownerFor(instance, context);
  const { tenantDir } = instance.paths;
  const tmpDir = tmpDirIn(tenantDir);
  if (asked.isProbe !== true || !hasTenantDir(tenantDir)) {
    await takeOwnership(tenantDir, owner, settings);
    ensureTenantDir(tenantDir, owner);
  }
  const bindSocket = join(tmpDir, `exec-${number}.sock`);
  const request = { ...instance, paths: { ...instance.paths, bindSocket } };
  const port = await freePort(request);
  const own = { instance: instance.instance, command: number };
  let cgroup: Cgroup | null = null;
  try {
    if (secrets.size > 0) await context.secretFiles.sweep(null);
    const secretsDir = asked.isProbe === true ? null : writeSecrets(own, secrets, owner, context);
    const whole = launchSpecFor(request, context, { port, tmpDir, secretsDir }, secrets);
    const spec = specOfCommand(asked, whole);
    assertRunnable(spec);
    const run = needsInnerTerminal(request, asked) ? onInnerTerminal(spec) : spec;
    // Its filesystem view follows from its own program; a container's arguments are part of its isolation.
    const seen = request.service.isolation === 'sandbox' ? run : spec;
    const sockets = await reachableSockets(request, context);
    const leaf = `${request.service.name}.${request.tenantId}${MARK}${number}`;
    cgroup = makeCapped(context.cgroups(), leaf, request.service);
    const isolation = isolationFor(request, seen, owner, {
      ...context,
      sockets,
      cgroupDirs: cgroup?.dirs ?? [],
      memoryDir: context.secretFiles.memoryDir,
    });
    const parent = secretsDir === null ? settings.stateDir : context.secretFiles.memoryDir;
    return {
      uid: process.getuid?.() ?? null,
      shell: [SHELL.file, ...SHELL.args],
      script: scriptFor(run, { joinFiles: cgroup?.joinFiles ?? [], ...isolation }, '3<&-'),
      env: asked.isProbe === true ? { ...Object.fromEntries(secrets), ...whole.env } : {},
      cgroupDirs: cgroup?.dirs ?? [],
      ownDir: isolation.ownEnv === null ? null : bundleDir({ parent, bindSocket }),
      secretsDirs: secretsDir === null ? [] : [...new Set([secretsDir.dir, secretsDir.shownAt])],
    };
  } catch (error) {
    cgroup?.remove();
    context.secretFiles.remove(own);
    removeBundles(bindSocket, context);
    throw error;
  }
}

/** PATH decides what the command sees of the host; the other variables mark its processes. */
const BARE = ['PATH', 'TENANT_ID', 'SERVICE_NAME', 'DATA_DIR', 'SOCKET_PATH'];

function specOfCommand(asked: OperatorCommand, spec: LaunchSpec): LaunchSpec {
  const { words, term, isProbe = false } = asked;
  const [file = '', ...args] = words;
  const given = Object.entries(spec.env).filter(([name]) => !isProbe || BARE.includes(name));
  const env = { ...(term !== null && { TERM: term }), ...Object.fromEntries(given) };
  return { ...spec, file, args, env };
}

/**
 * The process group that owns the operator's terminal has no number inside a pid namespace, so a shell there cannot
 * give the terminal back when it ends.
 */
function needsInnerTerminal({ service }: LaunchRequest, { term }: OperatorCommand): boolean {
  return term !== null && service.isolation !== 'process';
}

/** Runs the command on another terminal, from the tenant's own /dev. @throws {TenementError} `host_cannot` */
function onInnerTerminal(spec: LaunchSpec): LaunchSpec {
  const script = findProgram('script');
  if (script === null) throw new TenementError('host_cannot', '-t needs script(1), which is not installed');
  const line = `exec ${[spec.file, ...spec.args].map(quoted).join(' ')}`;
  return { ...spec, file: script, args: ['-q', '-e', '-c', line, '/dev/null'] };
}

/** Returns a port that is free at this moment and not reserved; null with `listen = "socket"`. */
async function freePort({ service }: LaunchRequest): Promise<number | null> {
  if (service.listen !== 'port') return null;
  const port = await takePort();
  releasePort(port);
  return port;
}

/** @throws {TenementError} `command_not_found`, `exec_failed` */
function assertRunnable({ file, cwd, env }: LaunchSpec): void {
  assertWorkdir(cwd);
  const found = findCommand(file, cwd, env['PATH'] ?? '');
  if (found === 'missing') throw new TenementError('command_not_found', `command not found: ${file}`);
  if (found === 'forbidden') throw new TenementError('exec_failed', `not allowed to run: ${file}`);
}

/** Removes the empty cgroups of commands whose command line was killed. */
export function removeCommandCgroups(cgroups: Cgroups): void {
  for (const cgroup of cgroups.all()) if (cgroup.dirs.some((dir) => dir.includes(MARK))) cgroup.remove();
}
