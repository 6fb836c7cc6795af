/** `tenement check`: whether the config is good and the host can give what it asks for. */
import type { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import { missingPrograms } from '../config/programs.ts';
import { plural } from './format.ts';
import { assertDirectories, type HostAbilities, hostAbilities } from './host.ts';
import { type CliIo, print, printJson } from './io.ts';
import { configFile, type GlobalOptions } from './target.ts';

interface CheckOptions extends GlobalOptions {
  readonly json?: boolean;
}

export function checkCommand(program: Command, io: CliIo): void {
  program
    .command('check')
    .description('validate the config and what the host can give, without starting anything')
    .option('--json', 'print the findings as JSON')
    .action((_options, command: Command) => check(command.optsWithGlobals<CheckOptions>(), io));
}

async function check(options: CheckOptions, io: CliIo): Promise<void> {
  const config = await loadConfig(configFile(options, io.env));
  assertDirectories(config);
  const warnings = [...config.warnings, ...missingPrograms(config, process.env)];
  const host = hostAbilities();
  const services = config.services.size;
  if (options.json === true) return printJson(io, { ok: true, config: config.file, services, warnings, host });
  for (const warning of warnings) await print(io, `warning: ${warning}`);
  for (const line of describeHost(host)) await print(io, line);
  await print(io, `${plural(services, 'service')}, ok`);
}

const CGROUP2 = {
  writable: 'cgroup: version 2, writable',
  'read-only': 'cgroup: version 2, but not writable by this user',
  none: 'cgroup: no version 2 here; memory is watched by tenement itself',
} as const;

function describeHost(host: HostAbilities): string[] {
  const proc = host.proc ? [] : ['warning: no /proc here; processes of an earlier server are not recognised'];
  return [`isolation: ${host.isolation.join(', ')}`, CGROUP2[host.cgroup2], ...proc];
}
