/** `tenement backup`: backs tenants up, and lists backups. */
import type { Command } from 'commander';
import type { RunProgress } from '../../../api/client/client.ts';
import type { BackupRun } from '../../../core/backup/backup-face.ts';
import { assertTenantId } from '../../../core/tenants/tenant.ts';
import { CommandEnd } from '../../command-end.ts';
import { type CliIo, print, printJson, printTable, takesWide } from '../../output/io.ts';
import { terminalText } from '../../output/terminal-text.ts';
import { type GlobalOptions, withClient } from '../../target.ts';
import { interruptible } from '../archive/interruptible.ts';
import { followed, type ProgressLine } from '../archive/progress-line.ts';
import { BACKUP_COLUMNS, backupRow, resultLine, summaryLine } from './backup-text.ts';

interface Options extends GlobalOptions {
  readonly force?: boolean;
  readonly wide?: boolean;
  readonly json?: boolean;
}

export function backupCommand(program: Command, io: CliIo): void {
  const backup = program
    .command('backup')
    .description('back tenants up into the repository of [backup]')
    .argument('[ids...]', 'the tenants (default: all, and then old backups are deleted)')
    .option('--force', 'also read tenants that have not changed since their last backup')
    .option('--json', 'print what became of each tenant as JSON')
    .action((ids: string[], _options, command: Command) => run(ids, command.optsWithGlobals<Options>(), io));
  takesWide(backup.command('ls').description('list backups, oldest first; also of tenants that are gone'))
    .argument('[id]', 'only those of this tenant')
    .option('--json', 'print a JSON array')
    .action((id: string | undefined, _options, command: Command) => ls(id, command.optsWithGlobals<Options>(), io));
}

async function run(ids: readonly string[], options: Options, io: CliIo): Promise<void> {
  for (const id of ids) assertTenantId(id);
  const { force } = options;
  const done = await interruptible(io, (signal) =>
    withClient(options, io, (client) => followed(client.backups.run(ids, { force }, signal), io, show)),
  );
  if (options.json === true) await printJson(io, done);
  else await printRun(done, io);
  const { results, problem } = done;
  if (problem !== null || results.some(({ outcome }) => outcome === 'failed')) throw new CommandEnd(1);
}

function show({ tenant, operation, finished, total }: RunProgress, line: ProgressLine): void {
  if (operation !== null) line.show(operation, total > 1 ? `${finished + 1} of ${total}, ${tenant}` : undefined);
}

async function printRun({ repository, isNew, results, problem }: BackupRun, io: CliIo): Promise<void> {
  if (isNew) {
    await print(io, `The repository ${repository} was made.`);
    await print(io, 'Keep its password elsewhere, too: without it no backup can be read.');
  }
  for (const result of results) {
    if (result.outcome === 'failed') io.stderr.write(`${terminalText(resultLine(result))}\n`);
    else await print(io, terminalText(resultLine(result)));
    if (result.outcome !== 'saved') continue;
    for (const note of result.notes) io.stderr.write(`note: ${result.tenant}: ${terminalText(note)}\n`);
  }
  if (results.length !== 1) await print(io, summaryLine(results));
  if (problem !== null) io.stderr.write(`tenement: ${terminalText(problem)}\n`);
}

async function ls(id: string | undefined, options: Options, io: CliIo): Promise<void> {
  if (id !== undefined) assertTenantId(id);
  const backups = await withClient(options, io, (client) => client.backups.list(id));
  if (options.json === true) return printJson(io, backups);
  if (backups.length > 0) return printTable(io, options, BACKUP_COLUMNS, backups.map(backupRow));
  await print(io, `No backups${id === undefined ? '' : ` of ${id}`}. Make one: tenement backup ${id ?? ''}`.trimEnd());
}
