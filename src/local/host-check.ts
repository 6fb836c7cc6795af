/** Checks this machine for a server of a config, without starting one. */
import { networkInterfaces, userInfo } from 'node:os';
import { loadConfig } from '../config/load.ts';
import { missingPrograms } from '../config/programs.ts';
import { servicesUnderPlans } from '../core/service/effective-service.ts';
import type { ListenTarget } from '../core/service/listen-target.ts';
import type { Config, ListenAddress } from '../core/service/service.ts';
import type { ServiceUnit } from '../core/service/service-unit.ts';
import { type SocketName, servesAddress, socketWarnings } from '../core/service/unit-sockets.ts';
import { keyWarnings } from '../identity/key-warnings.ts';
import { domainOverlaps } from '../parts/domain-overlaps.ts';
import { servableConfig } from '../parts/own-directories.ts';
import { type HostSupport, hostSupportFor } from '../process/isolation/host/host-support.ts';
import { assertMayListen } from '../process/isolation/host/listening.ts';
import { backupProgramWarnings, programWarnings } from '../process/isolation/host/programs.ts';
import { viewWarnings } from '../process/isolation/view-warnings.ts';
import { descriptorLimit } from '../process/launch/descriptors.ts';
import { withoutNpm } from '../process/launch/npm.ts';
import { forgeableTrust } from '../proxy/routing/forgeable.ts';
import { type CheckedCertificate, checkedCertificates, warningsOfCertificates } from './certificates.ts';
import { describeDescriptors, descriptorWarning } from './descriptor-limit.ts';
import { unitServing, unitWarningsAhead } from './service-manager.ts';

export type { HostSupport };

export interface HostFindings {
  /** The systemd unit that serves the config; null: none is known. */
  readonly unit: ServiceUnit | null;
  readonly host: HostSupport;
  readonly certificates: readonly CheckedCertificate[];
  /** One sentence each. */
  readonly warnings: readonly string[];
  /** What the limit of open files allows; null when a warning says that the limit is too low. */
  readonly openFiles: string | null;
}

/**
 * Returns the config with the directories that a server would use.
 * @param warn receives a sentence for each directory that is not the default
 * @throws {TenementError} `config_not_found`, `bad_config`, `state_failed`, `sockets_taken`
 */
export function servable(asked: Config, warn: (text: string) => void): Promise<Config> {
  return servableConfig(asked, {
    load: () => loadConfig(asked.file, { ownRuntimeDir: true, withSecrets: true }),
    warn,
  });
}

/** @throws {TenementError} `host_cannot`, and errors of a start */
export async function checkHost(config: Config): Promise<HostFindings> {
  const unit = await unitServing(config);
  assertMayListen(asUnitListens(config, unit));
  const { maxRunning } = config.settings;
  const wanted = { maxRunning, registered: config.instances.length, limits: config.proxy.limits };
  const openFiles = unit?.nofileLimit ?? descriptorLimit();
  const few = descriptorWarning(wanted, openFiles, unit?.name ?? null);
  const certificates = checkedCertificates(config);
  const host = hostSupportFor(config.settings, servicesUnderPlans(config), unit);
  const warnings = [
    ...warningsOfCertificates(certificates),
    ...missingPrograms(config, unit === null ? withoutNpm(process.env) : { PATH: unit.path }),
    ...programWarnings(),
    ...domainOverlaps(config),
    ...(config.backup === null ? [] : backupProgramWarnings()),
    ...viewWarnings(config),
    ...forgeableTrust(config, networkInterfaces()),
    ...(await keyWarnings(config.jwt)),
    ...(unit === null
      ? []
      : [...otherUser(unit), ...unitWarningsAhead(unit, config, host.cgroup), ...socketWarningsFor(unit, config)]),
    ...(few === null ? [] : [few]),
  ];
  return {
    unit,
    host,
    certificates,
    warnings,
    openFiles: few === null ? describeDescriptors(wanted, openFiles) : null,
  };
}

/** systemd opens the sockets of the unit itself, with the rights for any port. */
function asUnitListens({ proxy, tls, api }: Config, unit: ServiceUnit | null) {
  const of = (name: SocketName, { listen }: { readonly listen: ListenAddress }): { listen: ListenTarget } => {
    const isOpened = unit?.sockets.some(
      (one) => one.name === name && one.listens.some((at) => servesAddress(at, listen)),
    );
    return { listen: { ...listen, ...(isOpened === true && { openSockets: () => [] }) } };
  };
  return { proxy: of('proxy', proxy), tls: tls === null ? null : of('tls', tls), api: of('api', api) };
}

function socketWarningsFor({ sockets }: ServiceUnit, { proxy, tls, api }: Config): string[] {
  return socketWarnings(sockets, { proxy: proxy.listen, tls: tls?.listen ?? null, api: api.listen });
}

/** This check tries things as the user who runs it. */
function otherUser({ name, user }: ServiceUnit): string[] {
  const wanted = user === '' ? 'root' : user;
  const { username, uid } = userInfo();
  if ([username, String(uid)].includes(wanted)) return [];
  return [
    `${name} runs as ${wanted} and this check as ${username}, whose rights may differ: run the check as ${wanted}`,
  ];
}
