/** `tenement install`: writes the systemd units for a config. */
import type { Command } from 'commander';
import { TenementError } from '../../errors.ts';
import { type CliIo, print, printJson } from '../output/io.ts';
import { configFile, type GlobalOptions } from '../target.ts';

interface InstallCommandOptions extends GlobalOptions {
  readonly user?: string;
  readonly print?: boolean;
  readonly now?: boolean;
  readonly force?: boolean;
  readonly dir?: string;
  readonly json?: boolean;
}

export function installCommand(program: Command, io: CliIo): void {
  program
    .command('install')
    .description('write systemd units for the config: a service, its sockets, and what holds the tenants')
    .option('--user <name>', 'the user that the server runs as (default: as the units that are there say, or root)')
    .option('--print', 'print the units, and write nothing')
    .option('--now', 'have the server run under them: enables it, and restarts it with the sockets that have changed')
    .option('--force', 'replace files that somebody else wrote')
    .option('--dir <dir>', 'the directory of the units (default: /etc/systemd/system)')
    .option('--json', 'print what was done as JSON')
    .action(async (_options, command: Command) => install(command.optsWithGlobals<InstallCommandOptions>(), io));
}

async function install(options: InstallCommandOptions, io: CliIo): Promise<void> {
  const { user, dir, force = false, now = false } = options;
  if (now && (dir !== undefined || options.print === true))
    throw new TenementError('usage', '--now needs the units where systemd finds them: leave out --dir and --print');
  // Loaded here, so that `tenement help` does not load it.
  const local = await import('../../local/install/install.ts');
  const plan = await local.planInstall({ configFile: configFile(options, io.env), user });
  if (options.print === true) return print(io, local.describeUnits(plan, dir).trimEnd());
  const { changes, done, next } = local.install(plan, { force, dir, now });
  if (options.json === true) return printJson(io, { changes, notes: plan.notes, done, next });
  for (const { path, kind, difference } of changes) {
    await print(io, `${kind.padEnd(9)} ${path}`);
    for (const line of difference) await print(io, `    ${line}`);
  }
  for (const note of plan.notes) await print(io, `note: ${note}`);
  for (const step of done) await print(io, `done      ${step}`);
  await print(io, next.length === 0 ? 'nothing is left to do' : 'next:');
  for (const step of next) await print(io, `    ${step}`);
}
