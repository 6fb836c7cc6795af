/** What one instance tries on an instance of another tenant, and on tenement. Pure. */
import { PROCESS_ACTS, type ProcessAct, type Step } from './attempt.ts';
import type { Attempted, Kind } from './finding.ts';
import type { OwnState, Subject } from './subject.ts';

/** An attempt, which has come off if one of its steps has. */
export interface Attempt extends Attempted {
  readonly steps: readonly Step[];
  /** Why there is nothing to try; null: there is. */
  readonly lack: string | null;
}

/** More processes of an instance are not tried. */
const MAX_PROCESSES = 16;

const ACTS: Readonly<Record<ProcessAct, string>> = {
  signal: 'signal its processes',
  environ: 'read their environment',
  memory: 'read and write their memory (ptrace)',
  fd: 'list their open files',
  root: 'see the file system through them',
  cwd: 'see their working directory',
};

export function attemptsOn(from: Subject, to: Subject): Attempt[] {
  const attempt = attempting(from.instance, to.instance);
  return [
    ...fileAttempts(attempt, to, from),
    attempt('logs', 'read its logs', reads(to.logFiles), 'it has printed nothing yet'),
    ...secretAttempts(attempt, to),
    ...socketAttempts(attempt, to),
    ...processAttempts(attempt, to),
  ];
}

/** What a tenant tries on tenement itself. */
export function attemptsOnState(from: Subject, own: OwnState): Attempt[] {
  const attempt = attempting(from.instance, 'tenement');
  const { stateDir, files, controlSocket, api } = own;
  return [
    attempt('state', 'list its state directory', [{ op: 'list', path: stateDir }]),
    attempt('state', 'read the registry, the admin token, the key', reads(files), 'there are none'),
    attempt('state', 'connect to its control socket', [{ op: 'connect', path: controlSocket }]),
    attempt(
      'state',
      'use its API without a token',
      api === null ? [] : [{ op: 'ask-api', ...api }],
      'the port of the API is not known',
    ),
  ];
}

type Attempting = (kind: Kind, what: string, steps: readonly Step[], lack?: string) => Attempt;

/** @returns what makes an attempt, which lacks something when it has no steps */
function attempting(from: string, to: string): Attempting {
  return (kind, what, steps, lack = 'there is none') => ({
    ...{ kind, what, from, to, steps },
    lack: steps.length === 0 ? lack : null,
  });
}

function fileAttempts(attempt: Attempting, { tenantDir, fileNames, env }: Subject, from: Subject): Attempt[] {
  const named = pathsOnlyIn(env, from.env).filter(([, path]) => !`${path}/`.startsWith(`${tenantDir}/`));
  const files = fileNames.filter(isOneName).map((name) => `${tenantDir}/${name}`);
  return [
    attempt('files', 'list its directory', [{ op: 'list', path: tenantDir }]),
    attempt('files', 'write to its directory', [{ op: 'write', path: tenantDir }]),
    attempt('files', 'read files in it', reads(files), 'it is empty'),
    ...named.map(([name, path]) => attempt('files', `read its ${name}`, reads([path]))),
    ...sharedDatabases(env, from.env).map(([name, path]) =>
      attempt('databases', `write to the database of its ${name}, which is one's own too`, [{ op: 'write', path }]),
    ),
  ];
}

/** Lists variables that name the same file of SQLite in both. */
function sharedDatabases(env: Subject['env'], other: Subject['env']): [name: string, path: string][] {
  return Object.entries(env)
    .filter(([name, value]) => other[name] === value && (/^sqlite/.test(value) || /\.(db|sqlite3?)$/.test(value)))
    .map(([name, value]): [string, string] => [name, filePathOf(value)])
    .filter(([, path]) => path !== '');
}

/** Lists variables whose value is an absolute path, and not the same one in both. */
function pathsOnlyIn(env: Subject['env'], other: Subject['env']): [name: string, path: string][] {
  return Object.entries(env)
    .map(([name, value]): [string, string] => [name, filePathOf(value)])
    .filter(([name, path]) => path !== '' && filePathOf(other[name] ?? '') !== path && !GIVEN.includes(name));
}

/** Variables of tenement's own, which other attempts are about. */
const GIVEN = ['HOME', 'TMPDIR', 'DATA_DIR', 'SOCKET_PATH', 'TENEMENT_SOCKET', 'SECRETS_DIR', 'PATH'];

/** Returns the path of a value such as `/srv/a.db`, `sqlite:////srv/a.db` or `file:///srv/a`; '' for any other. */
export function filePathOf(value: string): string {
  const [, path = ''] = /^(?:(?:sqlite3?|file):(?:\/\/)?)?(?:\/(?=\/))?(\/[^/?#][^?#]*)(?:[?#].*)?$/.exec(value) ?? [];
  return path;
}

function isOneName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name);
}

function secretAttempts(attempt: Attempting, { view, secretsDir, secretFiles }: Subject): Attempt[] {
  const lists: Step[] = secretsDir === null ? [] : [{ op: 'list', path: secretsDir }];
  const lack = view.pid === null ? `it is ${view.state}` : 'it has none';
  return [attempt('secrets', 'read its secrets', [...lists, ...reads(secretFiles)], lack)];
}

function socketAttempts(attempt: Attempting, { view, privateSockets, selfSocket }: Subject): Attempt[] {
  const { socket, port } = view;
  const connect = (path: string): Step => ({ op: 'connect', path });
  const isPort = socket === null;
  return [
    ...(isPort ? [] : [attempt('sockets', 'connect to its public socket', [connect(socket)])]),
    ...(isPort ? [] : [attempt('sockets', 'connect to its private sockets', privateSockets.map(connect))]),
    ...(selfSocket === null ? [] : [attempt('sockets', 'speak for it to tenement', [connect(selfSocket)])]),
    ...(isPort
      ? [attempt('ports', 'connect to its port', port === null ? [] : [toLoopback(port)], `it is ${view.state}`)]
      : []),
  ];
}

function toLoopback(port: number): Step {
  return { op: 'connect-tcp', host: '127.0.0.1', port };
}

function processAttempts(attempt: Attempting, { view, processes }: Subject): Attempt[] {
  const some = processes.slice(0, MAX_PROCESSES);
  return PROCESS_ACTS.map((act) =>
    attempt(
      'processes',
      ACTS[act],
      some.map((process): Step => ({ op: 'process', act, process })),
      `it is ${view.state}`,
    ),
  );
}

function reads(paths: readonly string[]): Step[] {
  return paths.map((path): Step => ({ op: 'read', path }));
}
