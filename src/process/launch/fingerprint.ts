/** The fingerprint of what a process is started with. A process with another fingerprint runs an older config. */
import { createHash } from 'node:crypto';
import type { LaunchRequest } from '../../core/ports.ts';
import type { WebAddress } from '../../core/routing/web-address.ts';
import type { SecretVersion } from '../../core/secrets/sealed-secret.ts';
import type { EffectiveService } from '../../core/service/effective-service.ts';
import type { ServiceConfig } from '../../core/service/service.ts';
import { startedWith } from '../../core/service/service-keys.ts';
import { templateVariables } from '../../core/service/template.ts';

/**
 * Returns a fingerprint of every key that a process of this request is started with (`SERVICE_KEYS`), its own
 * variables, the versions of its secrets, its paths and the parts of its address that templates use. Left out are its port and the values that it
 * inherits from the server's environment, which may differ after an upgrade. |
 * A key at its default adds nothing, so that processes of an earlier tenement, which lacked the key, do not count as
 * outdated. A new key is appended at the end of the list.
 */
export function launchFingerprint({ service, paths, webAddress, secrets }: LaunchRequest): string {
  const { command, workdir, socketMode, socketGroup, listen, inheritEnv, env, ...rest } = startedWith(service);
  // `paths` contains the socket with its templates filled in.
  const { isolation, network, user, readOnlyPaths, nofileLimit, socket: _socket, ...access } = rest;
  const { readWritePaths, sockets, tmpLimitBytes, secretsEnv, secrets: generated, ...others } = access;
  const view = { network, user: user === 'root' ? null : user, readOnlyPaths, nofileLimit };
  const list = [
    command,
    workdir,
    [socketMode, socketGroup, listen],
    isolation,
    ...unlessDefault(view, { network: 'host' }),
    ...unlessDefault({ readWritePaths, sockets, tmpLimitBytes }, { readWritePaths: [], sockets: [] }),
    inheritEnv,
    sorted(env),
    sorted(service.ownEnv),
    paths,
    ...used(webAddress, templatesOf(service)),
    ...unlessDefault(others, { selfApi: false }),
    ...planOf(service),
    ...unlessDefault(
      { secretsEnv, generated: Object.keys(generated).sort(), secrets: secrets.map(versionOf) },
      { secretsEnv: [], generated: [], secrets: [] },
    ),
  ];
  return createHash('sha256').update(JSON.stringify(list)).digest('base64url').slice(0, 22);
}

/** A secret that was removed and set anew begins with the first version again. */
function versionOf({ name, version, changedAtMs }: SecretVersion): unknown[] {
  return [name, version, changedAtMs];
}

/** Returns the values unless all have their defaults. A default that is not given is null. */
function unlessDefault(values: object, defaults: Readonly<Record<string, unknown>> = {}): object[] {
  const isDefault = ([name, value]: [string, unknown]) => same(value, defaults[name] ?? null);
  return Object.entries(values).every(isDefault) ? [] : [values];
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function templatesOf(service: ServiceConfig): string[] {
  const { command, workdir, env, readOnlyPaths, readWritePaths, sockets } = service;
  return [...command, workdir, ...Object.values(env), ...(readOnlyPaths ?? []), ...readWritePaths, ...sockets];
}

/**
 * Returns the plan if it is more to a process than limits: it grants features, or templates use it. A process is not
 * restarted only because its plan has another name.
 */
function planOf(service: EffectiveService): unknown[] {
  const { plan } = service;
  if (plan === null) return [];
  const isUsed =
    plan.features.length > 0 || templatesOf(service).some((one) => templateVariables(one).includes('plan'));
  return isUsed ? [[plan.name, plan.features]] : [];
}

/** Returns the parts of the address that these templates use. */
function used(address: WebAddress, templates: readonly string[]): unknown[] {
  const names = new Set(templates.flatMap(templateVariables));
  const parts = (['host', 'url'] as const).filter((name) => names.has(name));
  return parts.length === 0 ? [] : [parts.map((name) => address[name])];
}

function sorted(env: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1));
}
