/** Collects what the host knows of an instance, and of tenement, for others to try to reach. */
import { existsSync, lstatSync, opendirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, serviceNamed } from '../../core/service/service.ts';
import { bindSocketPath, selfSocketPath, upstreamSocketPath } from '../../core/service/socket-path.ts';
import type { InstanceView } from '../../core/verbs/verbs.ts';
import type { TargetProcess } from '../../core/verify/attempt.ts';
import type { Finding } from '../../core/verify/finding.ts';
import type { OwnState, Subject } from '../../core/verify/subject.ts';
import { logPath, rotatedPath } from '../../process/output/log-files.ts';
import { descendantsOf } from '../../process/proc/descendants.ts';
import { readStat } from '../../process/proc/proc.ts';
import { secretsDirsOf } from '../../process/secrets/secret-files.ts';

/** The instance as the host sees it; `env` and `fileNames` are known only from inside. */
export function factsOf(view: InstanceView, config: Config): Omit<Subject, 'env' | 'fileNames'> {
  const { settings } = config;
  const { instance, id: tenantId, socket } = view;
  const service = serviceNamed(config, view.service);
  const uid = process.getuid?.() ?? 0;
  const bindSocket = socket === null ? null : bindSocketPath(socket, service.name, tenantId, uid);
  const secretsDirs = secretsDirsOf(settings, instance);
  const secretsDir = secretsDirs.find(existsSync) ?? null;
  const secretNames = secretsDir === null ? [] : namesIn(secretsDir);
  const log = logPath(join(settings.stateDir, 'logs'), instance);
  return {
    ...{ instance, tenantId, service, view },
    tenantDir: join(settings.dataDir, tenantId),
    processes: view.pid === null ? [] : processesOf(view.pid),
    logFiles: [log, rotatedPath(log)].filter(existsSync),
    secretsDir,
    secretFiles: secretsDirs.flatMap((dir) => secretNames.map((name) => join(dir, name))),
    privateSockets: bindSocket === null ? [] : [bindSocket, upstreamSocketPath(bindSocket)].filter(isThere),
    selfSocket: service.selfApi ? selfSocketPath(settings.runtimeDir, service.name, tenantId, uid) : null,
  };
}

export function ownStateOf({ settings: { stateDir }, api }: Config): OwnState {
  const files = ['tenement.db', 'admin.token', 'secrets.key'].map((name) => join(stateDir, name));
  const { host, port } = api.listen;
  return {
    stateDir,
    files: files.filter(existsSync),
    controlSocket: join(stateDir, 'control.sock'),
    api: port === 0 ? null : { host: loopbackFor(host), port, auth: api.auth },
  };
}

/** Where to connect to what listens at every address. */
export function loopbackFor(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

/** More files of a tenant are not tried. */
const MAX_FILES = 20;

/** Lists some names of a directory, which may have any number of them: its tenant owns it. */
function namesIn(path: string): string[] {
  const dir = opendirSync(path);
  const found: string[] = [];
  try {
    for (let entry = dir.readSync(); entry !== null && found.length < MAX_FILES; entry = dir.readSync())
      found.push(entry.name);
  } finally {
    dir.closeSync();
  }
  return found;
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function processesOf(pid: number): TargetProcess[] {
  const pidNamespace = readlinkSync('/proc/self/ns/pid');
  return [pid, ...(descendantsOf(pid) ?? [])].flatMap((one) => {
    const stat = readStat(one);
    return stat === null || stat.state === 'Z' ? [] : [{ pid: one, startTicks: stat.startTicks, pidNamespace }];
  });
}

/** Bits of a mode that let others than the owner in. */
const OTHERS = 0o077;

/**
 * Reports directories that other tenants could enter while their tenant slept. Its next start closes them, so an attempt
 * from inside would come too late.
 */
export function openDirectories(views: readonly InstanceView[], config: Config): Finding[] {
  return views.flatMap(({ instance, id }): Finding[] => {
    const mode = lstatSync(join(config.settings.dataDir, id), { throwIfNoEntry: false })?.mode ?? 0;
    if ((mode & OTHERS) === 0) return [];
    const detail = `its mode is ${(mode & 0o7777).toString(8)}, and must be 700`;
    return [{ kind: 'files', what: 'enter its directory', from: 'other users', to: instance, result: 'leak', detail }];
  });
}
