/** What start, stop, restart and sleep have in common. */
import type { Command } from 'commander';
import type { ApiClient } from '../api/client.ts';
import type { InstanceName } from '../core/lifecycle/instance.ts';
import type { InstanceView } from '../core/verbs/verbs.ts';
import { instanceOf, takesInstance } from './instance-argument.ts';
import { type CliIo, print, printJson } from './output/io.ts';
import { assertReady } from './output/start-failure.ts';
import { type GlobalOptions, withClient } from './target.ts';

export interface Verb {
  readonly name: string;
  readonly description: string;
  /** Whether the instance must be ready afterwards. */
  readonly starts: boolean;
  call(client: ApiClient, instance: InstanceName, options: VerbOptions): Promise<InstanceView>;
}

interface VerbOptions extends GlobalOptions {
  readonly id?: string;
  readonly json?: boolean;
  /** Only for a verb with `--no-wait`. */
  readonly wait?: boolean;
}

/** Declares the command, which prints one line, or with --json the instance. */
export function verbCommand(program: Command, io: CliIo, verb: Verb): Command {
  return takesInstance(program.command(verb.name))
    .description(verb.description)
    .option('--json', 'print the instance as JSON')
    .action(async (argument: string, _options, command: Command) => {
      const options = command.optsWithGlobals<VerbOptions>();
      const instance = instanceOf(argument, options.id);
      const view = await withClient(options, io, (client) => verb.call(client, instance, options));
      if (options.json === true) await printJson(io, view);
      if (verb.starts && options.wait !== false) assertReady(view);
      if (options.json !== true) await print(io, `${view.instance} ${view.state}`);
    });
}
