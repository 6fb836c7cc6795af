/** `tenement sleep`: does what the idle timeout does, at once. */
import type { Command } from 'commander';
import type { CliIo } from '../../output/io.ts';
import { verbCommand } from '../../verb.ts';

export function sleepCommand(program: Command, io: CliIo): void {
  verbCommand(program, io, {
    name: 'sleep',
    description: 'put an instance to sleep; the next request wakes it',
    starts: false,
    call: (client, instance) => client.sleep(instance),
  });
}
