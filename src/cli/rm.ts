/** `tenement rm`: unregisters an instance. */
import type { Command } from 'commander';
import { instanceOf, takesInstance } from './instance-argument.ts';
import { type CliIo, print, printJson } from './io.ts';
import { type GlobalOptions, withClient } from './target.ts';

interface RmOptions extends GlobalOptions {
  readonly id?: string;
  readonly purge?: boolean;
  readonly json?: boolean;
}

export function rmCommand(program: Command, io: CliIo): void {
  takesInstance(program.command('rm'))
    .description('unregister an instance')
    .option('--purge', 'also delete the tenant directory, if no other service of that tenant is registered')
    .option('--json', 'print {}')
    .action((argument: string, _options, command: Command) => rm(argument, command.optsWithGlobals<RmOptions>(), io));
}

async function rm(argument: string, options: RmOptions, io: CliIo): Promise<void> {
  const instance = instanceOf(argument, options.id);
  await withClient(options, io, (client) => client.remove(instance, { purge: options.purge }));
  if (options.json === true) await printJson(io, {});
  else await print(io, `${instance} removed`);
}
