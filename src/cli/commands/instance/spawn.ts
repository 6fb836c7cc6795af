/** `tenement spawn`: registers an instance and starts it. */
import type { Command } from 'commander';
import { parseInstanceName } from '../../../core/lifecycle/instance.ts';
import { hasStartFailed } from '../../../core/lifecycle/start-outcome.ts';
import type { LimitsInput } from '../../../core/limits/limits.ts';
import type { InstanceView } from '../../../core/verbs/verbs.ts';
import { collectVariable } from '../../assignments.ts';
import { instanceOf } from '../../instance-argument.ts';
import { limitsOf, takesLimits } from '../../limit-options.ts';
import { block } from '../../output/format.ts';
import { type CliIo, print, printJson, tableSpace } from '../../output/io.ts';
import { StartFailure } from '../../output/start-failure.ts';
import { withStartProgress } from '../../output/start-progress.ts';
import type { TableSpace } from '../../output/table.ts';
import { type GlobalOptions, withClient } from '../../target.ts';

interface SpawnCommandOptions extends GlobalOptions, LimitsInput {
  readonly id?: string;
  readonly env?: Record<string, string>;
  readonly start: boolean;
  readonly wait: boolean;
  readonly json?: boolean;
}

export function spawnCommand(program: Command, io: CliIo): void {
  const command = program
    .command('spawn')
    .description('register an instance, start it and wait until it is ready')
    .argument('<service>', 'the service, or SERVICE:ID')
    .option('--id <id>', 'the tenant')
    .option('--env <name=value>', 'set a variable for this tenant; can be repeated', collectVariable)
    .option('--no-start', 'register it without starting it')
    .option('--no-wait', 'do not wait until it is ready')
    .option('--json', 'print the instance as JSON');
  takesLimits(command).action((service: string, _options, command: Command) =>
    spawn(service, command.optsWithGlobals<SpawnCommandOptions>(), io),
  );
}

async function spawn(argument: string, options: SpawnCommandOptions, io: CliIo): Promise<void> {
  const instance = instanceOf(argument, options.id);
  const { service, tenantId } = parseInstanceName(instance);
  const { env, start, wait } = options;
  const asked = { ...(env !== undefined && { env }), limits: limitsOf(options), start, wait };
  const { view, created } = await withClient(options, io, (client) =>
    withStartProgress(instance, client, io, client.spawn(service, tenantId, asked)),
  );
  if (options.json === true) await printJson(io, view);
  if (start && wait && hasStartFailed(view, created)) throw new StartFailure(view);
  if (options.json !== true) await print(io, describe(view, tableSpace(io)));
}

function describe(view: InstanceView, space: TableSpace): string {
  const where: [string, string][] = [];
  if (view.socket !== null) where.push(['socket', view.socket]);
  if (view.url !== null) where.push(['url', view.url]);
  return [`${view.instance} ${view.state}`, ...(where.length > 0 ? [block(where, space)] : [])].join('\n');
}
