/** `tenement wake`: does what a request does, so it never starts a stopped instance. */
import type { Command } from 'commander';
import { TenementError } from '../../../errors.ts';
import type { CliIo } from '../../output/io.ts';
import { verbCommand } from '../../verb.ts';

export function wakeCommand(program: Command, io: CliIo): void {
  verbCommand(program, io, {
    name: 'wake',
    description: 'wake instances as a request does, and wait until they are ready',
    done: 'woke',
    starts: true,
    parallel: 4,
    haltsOnFailure: false,
    concerns: ({ state }) => state === 'asleep' || state === 'suspended',
    call: async (client, instance) => {
      const { desired } = await client.get(instance);
      if (desired !== 'stopped') return client.start(instance);
      throw new TenementError('stopped', `${instance} is stopped, so a request does not wake it`);
    },
  });
}
