/** `tenement start`: an operator's start, also of stopped or failed instances. */
import type { Command } from 'commander';
import type { CliIo } from '../../output/io.ts';
import { verbCommand } from '../../verb.ts';

export function startCommand(program: Command, io: CliIo): void {
  verbCommand(program, io, {
    name: 'start',
    description: 'start instances, also stopped ones, and wait until they are ready',
    done: 'started',
    starts: true,
    parallel: 4,
    haltsOnFailure: false,
    concerns: ({ state }) => state !== 'ready',
    call: (client, instance, options) => client.start(instance, { wait: options.wait }),
  }).option('--no-wait', 'do not wait until it is ready');
}
