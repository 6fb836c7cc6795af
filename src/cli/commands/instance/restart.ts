/** `tenement restart`: starts a new process without failing a request. */
import type { Command } from 'commander';
import type { CliIo } from '../../output/io.ts';
import { verbCommand } from '../../verb.ts';

export function restartCommand(program: Command, io: CliIo): void {
  verbCommand(program, io, {
    name: 'restart',
    description: 'restart an instance without failing a request',
    starts: true,
    call: (client, instance) => client.restart(instance),
  });
}
