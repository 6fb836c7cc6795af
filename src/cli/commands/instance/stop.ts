/** `tenement stop`: an operator's stop; requests do not wake the instance. */
import type { Command } from 'commander';
import type { CliIo } from '../../output/io.ts';
import { verbCommand } from '../../verb.ts';

export function stopCommand(program: Command, io: CliIo): void {
  verbCommand(program, io, {
    name: 'stop',
    description: 'stop instances until someone starts them',
    done: 'stopped',
    starts: false,
    parallel: 8,
    haltsOnFailure: false,
    concerns: ({ state }) => state !== 'stopped',
    call: (client, instance) => client.stop(instance),
  });
}
