/** `tenement restore`: puts a tenant back as a backup has it, or makes a tenant of a backup. */
import type { Command } from 'commander';
import type { Restored } from '../../../core/backup/backup-face.ts';
import { assertTenantId } from '../../../core/tenants/tenant.ts';
import { TenementError } from '../../../errors.ts';
import { assertMeant, type Confirmable, takesYes } from '../../confirmation.ts';
import { bytes, plural } from '../../output/format.ts';
import { type CliIo, print, printJson } from '../../output/io.ts';
import { terminalText } from '../../output/terminal-text.ts';
import { type GlobalOptions, withClient } from '../../target.ts';
import { interruptible } from '../archive/interruptible.ts';
import { followed, showOperation } from '../archive/progress-line.ts';

interface Options extends GlobalOptions, Confirmable {
  readonly at?: string;
  readonly id?: string;
  readonly from?: string;
  readonly start: boolean;
  readonly discard?: boolean;
  readonly json?: boolean;
}

export function restoreCommand(program: Command, io: CliIo): void {
  const restore = program
    .command('restore')
    .description('put a tenant back as a backup has it, or make a tenant of a backup')
    .argument('<tenant>', 'the tenant whose backup it is; it may be gone')
    .option(
      '--at <time>',
      'the newest backup of this time or before: 2026-01-31T08:00:00Z, or 3h ago (default: the newest)',
    )
    .option('--id <id>', 'make this new tenant of it, and leave the other one alone')
    .option('--from <server>', "the server whose backup it is, as `backup ls` names it (default: this server's)")
    .option('--no-start', 'only register a new tenant')
    .option('--discard', 'delete what an earlier restore has kept of the tenant');
  takesYes(restore)
    .option('--json', 'print what was restored as JSON')
    .action((tenant: string, _options, command: Command) => run(tenant, command.optsWithGlobals<Options>(), io));
}

async function run(tenant: string, options: Options, io: CliIo): Promise<void> {
  for (const id of [tenant, ...(options.id === undefined ? [] : [options.id])]) assertTenantId(id);
  if (options.discard === true) return discard(tenant, options, io);
  const { at, id, from, start } = options;
  const restored = await interruptible(io, (signal) =>
    withClient(options, io, (client) =>
      followed(client.backups.restore(tenant, { at, id, from, start }, signal), io, showOperation),
    ),
  );
  if (options.json === true) return printJson(io, restored);
  await printRestored(tenant, id ?? tenant, restored, io);
}

async function discard(tenant: string, options: Options, io: CliIo): Promise<void> {
  if (options.at !== undefined || options.id !== undefined || options.from !== undefined)
    throw new TenementError('usage', '--discard restores nothing, so it goes alone');
  const question = `Delete what ${tenant} was before its last restore, with all data?`;
  await assertMeant(options, io, async () => ({ question, subject: `what was kept of ${tenant}` }));
  await withClient(options, io, (client) => client.backups.discard(tenant));
  if (options.json === true) await printJson(io, {});
  else await print(io, `What the restore of ${tenant} had kept is deleted.`);
}

async function printRestored(tenant: string, target: string, restored: Restored, io: CliIo): Promise<void> {
  const { from, files, bytes: size, keptAs, notes } = restored;
  const source = target === tenant ? 'its backup' : `a backup of ${tenant}`;
  await print(io, `${target} restored from ${source} of ${from.at}: ${plural(files, 'file')} with ${bytes(size)}`);
  if (keptAs !== null) {
    await print(io, `What was there is kept as ${terminalText(keptAs)}.`);
    await print(io, `Delete it when all is well: tenement restore ${tenant} --discard`);
  }
  for (const note of notes) io.stderr.write(`note: ${terminalText(note)}\n`);
}
