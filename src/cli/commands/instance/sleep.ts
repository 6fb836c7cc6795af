/** `tenement sleep`: does what the idle timeout does, at once. */
import type { Command } from 'commander';
import { hasProcess } from '../../../core/lifecycle/instance.ts';
import type { CliIo } from '../../output/io.ts';
import { verbCommand } from '../../verb.ts';

export function sleepCommand(program: Command, io: CliIo): void {
  verbCommand(program, io, {
    name: 'sleep',
    description: 'put instances to sleep; the next request wakes them',
    done: 'put to sleep',
    starts: false,
    parallel: 8,
    haltsOnFailure: false,
    concerns: ({ state }) => hasProcess(state),
    call: (client, instance) => client.sleep(instance),
  });
}
