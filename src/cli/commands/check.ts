/** `tenement check`: checks the config, and whether the host can provide what it asks for. */
import type { Command } from 'commander';
import { loadConfig } from '../../config/load.ts';
import { describeDiff } from '../../core/input/diff-words.ts';
import { diffConfigs } from '../../core/lifecycle/reconcile.ts';
import type { Config, Settings } from '../../core/service/service.ts';
import type { ServiceUnit } from '../../core/service/service-unit.ts';
import { TenementError } from '../../errors.ts';
import { describeCertificate } from '../../local/certificates.ts';
import { checkHost, type HostSupport, servable } from '../../local/host-check.ts';
import { asServed, withDirectoriesOf } from '../as-served.ts';
import { plural } from '../output/format.ts';
import { type CliIo, print, printJson } from '../output/io.ts';
import { configFile, type GlobalOptions, withClient } from '../target.ts';

interface CheckOptions extends GlobalOptions {
  readonly json?: boolean;
  readonly diff?: boolean;
}

export function checkCommand(program: Command, io: CliIo): void {
  program
    .command('check')
    .description('validate the config and what the host can give, without starting anything')
    .option('--diff', 'say what the running server would change')
    .option('--json', 'print the findings as JSON')
    .action((_options, command: Command) => check(command.optsWithGlobals<CheckOptions>(), io));
}

async function check(options: CheckOptions, io: CliIo): Promise<void> {
  try {
    await checkAll(options, io);
  } catch (error) {
    if (options.json === true && error instanceof TenementError) await printFailure(error, options, io);
    throw error;
  }
}

function printFailure({ code, message, hint, details }: TenementError, options: CheckOptions, io: CliIo) {
  return printJson(io, { ok: false, config: configFile(options, io.env), code, errors: [message, ...details], hint });
}

async function checkAll(options: CheckOptions, io: CliIo): Promise<void> {
  const moved: string[] = [];
  const config = await servableOf(options, io, (text) => moved.push(text));
  const { unit, host, certificates, warnings: onHost, openFiles } = await checkHost(config);
  const warnings = [...config.warnings, ...moved, ...onHost];
  const services = config.services.size;
  const changes = options.diff === true ? await changesBy(config, options, io) : null;
  if (options.json === true) {
    return printJson(io, {
      ok: true,
      config: config.file,
      services,
      warnings,
      host,
      certificates,
      unit,
      ...(changes && { changes }),
    });
  }
  for (const warning of warnings) await print(io, `warning: ${warning}`);
  if (unit !== null) await print(io, describeUnit(unit, config.settings));
  for (const line of describeHost(host)) await print(io, line);
  if (config.settings.runtimeDirSource === 'own') await print(io, describeSockets(config));
  if (openFiles !== null) await print(io, openFiles);
  for (const certificate of certificates) await print(io, describeCertificate(certificate));
  await print(io, `${plural(services, 'service')}, ok`);
  if (changes?.length === 0) await print(io, 'the running server would change nothing');
  for (const change of changes ?? []) await print(io, `would change: ${change}`);
}

/** @throws {TenementError} `config_not_found`, `bad_config`, `state_failed`, `sockets_taken` */
async function servableOf(options: CheckOptions, io: CliIo, warn: (text: string) => void): Promise<Config> {
  return servable(await asServed(loadConfig(configFile(options, io.env), { withSecrets: true }), options, io), warn);
}

/** @throws {TenementError} `server_unreachable` when no server runs this config */
function changesBy(config: Config, options: GlobalOptions, io: CliIo): Promise<string[]> {
  return withClient(options, io, async (client) => {
    const [served, instances] = await Promise.all([client.config(), client.list()]);
    const population = (service: string) => {
      const those = instances.filter((instance) => instance.service === service);
      return { registered: those.length, running: those.filter(({ pid }) => pid !== null).length };
    };
    const diff = diffConfigs(served, withDirectoriesOf(served, config));
    const tenants = diff.plans.length === 0 ? [] : (await client.tenants.list()).tenants;
    return describeDiff(diff, population, (name) => tenants.filter(({ plan }) => plan === name).length);
  });
}

function describeSockets({ settings: { runtimeDir } }: Config): string {
  return `sockets: in ${runtimeDir}, because runtime_dir is not set and another server has the default directory`;
}

function describeHost(host: HostSupport): string[] {
  const proc = host.proc ? [] : ['warning: no /proc here; processes of an earlier server are not recognised'];
  const privileges = host.noNewPrivs
    ? []
    : ['warning: no setpriv here; tenants could gain privileges by setuid programs'];
  const lines = [`isolation: ${host.isolation.join(', ')}${host.users ? '; a user for each tenant' : ''}`];
  if (host.namespaces !== null) lines.push(`isolation: no namespace, ${host.namespaces}`);
  if (host.sandbox !== null) lines.push(`isolation: no sandbox, ${host.sandbox}`);
  if (host.namespaces === null && !host.filter)
    lines.push(`warning: no filter of system calls for ${process.arch}; tenants at namespace can make every call`);
  return [...lines, ...describeCgroup(host.cgroup), describeSuspension(host), ...privileges, ...proc];
}

function describeUnit({ name, user, killMode }: ServiceUnit, { cgroupRoot }: Settings): string {
  const tenants = cgroupRoot === null ? 'its own' : cgroupRoot;
  return `service: ${name}, as ${user || 'root'}, KillMode=${killMode}; cgroup of tenants: ${tenants}`;
}

function describeSuspension({ cgroup, pushesOut }: HostSupport): string {
  const how = cgroup.freezes ? 'by the cgroup' : 'by SIGSTOP';
  if (pushesOut) return `suspend: frozen ${how}, memory pushed out to swap`;
  const lack = cgroup.version === 'v2' ? 'there is no swap' : 'that needs cgroup version 2';
  return `suspend: frozen ${how}, memory stays (${lack})`;
}

function describeCgroup({ version, controls, lack }: HostSupport['cgroup']): string[] {
  if (version === 'none') return [`limits: memory_limit_mb by measuring once a second; ${lack}`];
  const enforced = `limits: ${controls.join(', ') || 'none'} by the kernel, cgroup version ${version.slice(1)}`;
  return [lack === null ? enforced : `${enforced}; ${lack}`];
}
