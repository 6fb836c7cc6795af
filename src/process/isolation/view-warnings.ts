/** Warns where a service's tenants see more or less than its config may suggest. */
import { closeSync, existsSync, openSync, readSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute } from 'node:path';
import { HIDDEN } from '../../core/service/layers.ts';
import { isWithin, isWithinAny } from '../../core/service/paths.ts';
import { programCandidates } from '../../core/service/program.ts';
import type { Config, ServiceConfig } from '../../core/service/service.ts';
import { templateVariables } from '../../core/service/template.ts';
import { withoutNpm } from '../launch/npm.ts';
import { isFile, lookAt } from '../storage/files.ts';
import { closedToOthers } from './dynamic-user.ts';

/** Mode bit by which others may read. */
const OTHERS_MAY_READ = 0o004;
const OTHERS_MAY_WRITE = 0o002;

/** Returns a sentence for each. */
export function viewWarnings(
  { file, services }: Pick<Config, 'file' | 'services'>,
  env: NodeJS.ProcessEnv = withoutNpm(process.env),
): string[] {
  const walled = [...services.values()].filter(({ isolation }) => isolation !== 'process');
  return [
    ...[...services.values()].flatMap((service) => closedProgram(service, env)),
    ...walled.flatMap((service) => [
      ...loneFiles(service),
      ...configInWorkdir(service, file),
      ...namedPaths(service).flatMap((named) => [...missing(service, named), ...closed(service, named)]),
    ]),
  ];
}

/**
 * Warns about a program that tenants' users may not enter. gVisor opens programs as root, and so does setpriv(1), whose
 * rights end with exec. But the interpreter of a script opens the script as the tenant's user, and bwrap opens
 * everything so.
 */
function closedProgram(service: ServiceConfig, env: NodeJS.ProcessEnv): string[] {
  const { name, user, isolation, command, workdir, env: own } = service;
  const [program = ''] = command;
  const path = own['PATH'] ?? env['PATH'] ?? '';
  const isKnown = [program, workdir, path].every((text) => templateVariables(text).length === 0);
  if (user !== 'dynamic' || isolation === 'sandbox' || !isKnown) return [];
  const all = programCandidates(program, workdir, path).filter(isFile);
  const found = isolation === 'namespace' ? all : all.slice(0, 1).filter(isScript);
  // exec skips directories of PATH that may not be entered, so one accessible candidate suffices.
  const [first, ...others] = found.map((file) => closedToOthers(file) ?? closedToOthers(real(file)));
  if (first === undefined || first === null || others.includes(null)) return [];
  return [
    `service.${name}.command: tenants' users may not enter ${first}, on the way to ${found[0]}: no tenant starts. ` +
      'Install it where other users may pass, or set user = "root"',
  ];
}

function loneFiles({ name, command, workdir, readOnlyPaths, readWritePaths }: ServiceConfig): string[] {
  const seen = [workdir, ...(readOnlyPaths ?? []), ...readWritePaths];
  return command
    .slice(1)
    .filter((word) => isAbsolute(word) && isWithinAny(word, HIDDEN) && !isWithinAny(word, seen) && isFile(word))
    .map(
      (word) =>
        `service.${name}.command: of ${dirname(word)}, tenants see only ${word}: ` +
        'if it needs the files beside it, set workdir to that directory',
    );
}

interface NamedPath {
  readonly key: 'read_only_paths' | 'read_write_paths' | 'sockets';
  readonly path: string;
}

/** Named paths, except those that differ for each tenant. */
function namedPaths({ readOnlyPaths, readWritePaths, sockets }: ServiceConfig): NamedPath[] {
  const all: [NamedPath['key'], readonly string[]][] = [
    ['read_only_paths', readOnlyPaths ?? []],
    ['read_write_paths', readWritePaths],
    ['sockets', sockets],
  ];
  return all.flatMap(([key, paths]) => paths.filter((path) => !path.includes('{')).map((path) => ({ key, path })));
}

function missing({ name }: ServiceConfig, { key, path }: NamedPath): string[] {
  if (existsSync(path)) return [];
  const outcome = key === 'read_only_paths' ? 'tenants do without it' : 'no tenant starts until it is';
  return [`service.${name}.${key}: ${path} does not exist: ${outcome}`];
}

/** Judged by the mode alone; an access control list may say otherwise. */
function closed({ name, user }: ServiceConfig, { key, path }: NamedPath): string[] {
  const stat = lookAt(path);
  if (user !== 'dynamic' || key === 'read_only_paths' || stat === undefined) return [];
  if ((stat.mode & OTHERS_MAY_WRITE) !== 0 || (key === 'sockets' && stat.isDirectory())) return [];
  const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
  const what = key === 'sockets' ? 'connect to' : 'write in';
  return [
    `service.${name}.${key}: tenants' users may not ${what} ${path}, whose mode is ${mode}: open it to others, ` +
      'or to the users of dynamic_uids by an access control list',
  ];
}

/** Tenants have the config hidden as the file that it is at their start. */
function configInWorkdir({ name, workdir, user }: ServiceConfig, file: string): string[] {
  const target = real(file);
  const isOpen = user !== 'dynamic' || (lookAt(target)?.mode ?? 0) & OTHERS_MAY_READ;
  if (!isOpen || !isWithin(target, real(workdir))) return [];
  const way = user === 'dynamic' ? `chmod 600 ${target}, or keep it elsewhere` : 'keep it elsewhere';
  return [
    `service.${name}: the config lies in workdir, where tenants that run can read one that takes its place: ${way}`,
  ];
}

function isScript(path: string): boolean {
  const start = Buffer.alloc(2);
  try {
    const fd = openSync(path, 'r');
    try {
      return readSync(fd, start) === 2 && start.toString('latin1') === '#!';
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
