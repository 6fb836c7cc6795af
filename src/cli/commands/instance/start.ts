/** `tenement start`: an operator's start, also of stopped or failed instances. */
import type { Command } from 'commander';
import type { CliIo } from '../../output/io.ts';
import { verbCommand } from '../../verb.ts';

export function startCommand(program: Command, io: CliIo): void {
  verbCommand(program, io, {
    name: 'start',
    description: 'start an instance and wait until it is ready',
    starts: true,
    call: (client, instance, options) => client.start(instance, { wait: options.wait }),
  }).option('--no-wait', 'do not wait until it is ready');
}
