/** `tenement restart`: starts a new process without failing a request. */
import type { Command } from 'commander';
import type { CliIo } from '../../output/io.ts';
import { verbCommand } from '../../verb.ts';

export function restartCommand(program: Command, io: CliIo): void {
  verbCommand(program, io, {
    name: 'restart',
    description: 'restart instances without failing a request',
    done: 'restarted',
    starts: true,
    // One that does not come up must not be followed by all the others.
    parallel: 1,
    haltsOnFailure: true,
    // A sleeper starts a new process anyway when it wakes.
    concerns: ({ state }) => state !== 'asleep' && state !== 'stopped',
    call: (client, instance) => client.restart(instance),
  });
}
