/** `tenement reload`: makes the server read its config again. */
import type { Command } from 'commander';
import { type CliIo, print, printJson } from '../output/io.ts';
import { type GlobalOptions, withClient } from '../target.ts';

interface ReloadOptions extends GlobalOptions {
  readonly json?: boolean;
}

export function reloadCommand(program: Command, io: CliIo): void {
  program
    .command('reload')
    .description('make the server read its config again, and say what has changed')
    .option('--json', 'print the changes as JSON')
    .action((_options, command: Command) => reload(command.optsWithGlobals<ReloadOptions>(), io));
}

async function reload(options: ReloadOptions, io: CliIo): Promise<void> {
  const changes = await withClient(options, io, (client) => client.reload());
  if (options.json === true) return printJson(io, { changes });
  for (const change of changes) await print(io, change);
  if (changes.length === 0) await print(io, 'nothing has changed since the config was last read');
}
