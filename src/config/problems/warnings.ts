/** Warnings about accepted settings that do less than they seem to. No setting is ignored silently. */

import { parseDurationMs } from '../../core/limits/units.ts';
import { templateVariables } from '../../core/service/template.ts';
import type { ServiceInput } from '../schema/service.ts';
import type { ConfigInput } from '../schema.ts';
import { acmeWarnings } from '../tables/acme-warnings.ts';
import { backupWarnings } from '../tables/backup.ts';
import { routingWarnings } from '../tables/tenant-from.ts';

const ALWAYS_SET = ['TENANT_ID', 'SERVICE_NAME', 'DATA_DIR', 'SOCKET_PATH'];
/** A variable that a shell would fill in. */
const SHELL_VARIABLE = /\$(\w+)/;
const ASSIGNMENT = /^([A-Za-z_]\w*)=/;
/** Shell variable → template with the tenant's own value. */
const INSTEAD: Readonly<Record<string, string>> = {
  PORT: '{port}',
  SOCKET_PATH: '{socket}',
  TENANT_ID: '{id}',
  DATA_DIR: '{tenant_dir}',
  SERVICE_NAME: '{service}',
};

export function warningsOf(input: ConfigInput): string[] {
  return [
    ...Object.entries(input.service).flatMap(([name, service]) => serviceWarnings(`service.${name}`, service)),
    ...sleeplessWarnings(input),
    ...input.notify.flatMap(unsignedWarning),
    ...routingWarnings(input),
    ...backupWarnings(input.backup),
    ...acmeWarnings(input),
  ];
}

function unsignedWarning({ url, secret_file: secretFile }: ConfigInput['notify'][number]): string[] {
  if (secretFile !== undefined) return [];
  return [`notify: messages to ${url} are not signed, so anybody can forge them; set secret_file`];
}

/** An instance that never sleeps keeps its place for ever, and there are fewer places. */
function sleeplessWarnings({ instances, service, settings: { max_running: maxRunning } }: ConfigInput): string[] {
  const sleepless = Object.entries(instances).flatMap(([name, listed]) => {
    const idleTimeout = service[name]?.idle_timeout;
    return idleTimeout !== undefined && parseDurationMs(idleTimeout) === 0 ? startedOf(listed) : [];
  });
  if (sleepless.length <= maxRunning) return [];
  return [
    `instances: ${sleepless.length} instances with idle_timeout = 0 are never put to sleep, but settings.max_running = ${maxRunning} allows fewer; the others do not start`,
  ];
}

function startedOf(listed: ConfigInput['instances'][string]): string[] {
  if (Array.isArray(listed)) return listed;
  return listed.start ? listed.ids : [];
}

function serviceWarnings(at: string, service: ServiceInput): string[] {
  const { command, env } = service;
  // An array either runs a shell deliberately, or contains no shell syntax.
  const words = typeof command === 'string' ? command.split(/\s+/) : [];
  const overridden = Object.keys(env).filter((key) => ALWAYS_SET.includes(key));
  return [
    ...overridden.map((key) => `${at}.env.${key}: tenement sets this itself`),
    ...words.slice(0, 1).flatMap((word) => assignmentWarning(at, word)),
    ...words.flatMap((word) => shellWarning(at, word)),
    ...sharedPathWarnings(at, service),
  ];
}

function assignmentWarning(at: string, word: string): string[] {
  const [, name] = ASSIGNMENT.exec(word) ?? [];
  return name === undefined ? [] : [`${at}.command: no shell sets ${name}; set it in [${at}.env]`];
}

function shellWarning(at: string, word: string): string[] {
  const [variable, name] = SHELL_VARIABLE.exec(word) ?? [];
  if (variable === undefined) return [];
  const instead = INSTEAD[name ?? ''] ?? 'a template, or its value';
  return [`${at}.command: no shell expands ${variable}; write ${instead}`];
}

/** Warns about a path below data_dir that is the same for every tenant. */
function sharedPathWarnings(at: string, { command, env, workdir }: ServiceInput): string[] {
  const places: [string, string][] = [
    ...(typeof command === 'string' ? command.split(/\s+/) : command).map((word): [string, string] => [
      'command',
      word,
    ]),
    ['workdir', workdir],
    ...Object.entries(env).map(([name, value]): [string, string] => [`env.${name}`, String(value)]),
  ];
  return places
    .filter(([, value]) => value.includes('{data_dir}') && !templateVariables(value).some(isOneTenants))
    .map(([key, value]) => `${at}.${key}: every tenant gets the same ${value}; write {tenant_dir} or {data_dir}/{id}`);
}

function isOneTenants(variable: string): boolean {
  return variable === 'id' || variable === 'tenant_dir' || variable === 'host' || variable === 'url';
}
