/** `tenement set`: changes variables and limits of one instance. */
import type { Command } from 'commander';
import { hasStartFailed } from '../../../core/lifecycle/start-outcome.ts';
import { LIMIT_NAMES, LIMITS } from '../../../core/limits/limit-table.ts';
import type { LimitsInput } from '../../../core/limits/limits.ts';
import type { InstanceChanges } from '../../../core/verbs/verbs.ts';
import { TenementError } from '../../../errors.ts';
import { changesOf, collectVariable } from '../../assignments.ts';
import { instanceOf, takesInstance } from '../../instance-argument.ts';
import { limitsOf, takesLimits } from '../../limit-options.ts';
import { type CliIo, print, printJson } from '../../output/io.ts';
import { StartFailure } from '../../output/start-failure.ts';
import { type GlobalOptions, withClient } from '../../target.ts';

interface SetOptions extends GlobalOptions, LimitsInput {
  readonly id?: string;
  readonly env?: Record<string, string>;
  readonly unset?: readonly string[];
  readonly json?: boolean;
}

export function setCommand(program: Command, io: CliIo): void {
  const command = takesInstance(program.command('set'))
    .description('change variables and limits of one instance')
    .option('--env <name=value>', 'set a variable; can be repeated', collectVariable)
    .option('--unset <name>', 'remove a variable, or a limit by its key; can be repeated', collect)
    .option('--json', 'print the instance as JSON');
  takesLimits(command).action((argument: string, _options, command: Command) =>
    set(argument, command.optsWithGlobals<SetOptions>(), io),
  );
}

function collect(name: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, name];
}

async function set(argument: string, options: SetOptions, io: CliIo): Promise<void> {
  const instance = instanceOf(argument, options.id);
  const changes = changesIn(options);
  const view = await withClient(options, io, (client) => client.set(instance, changes));
  if (options.json === true) await printJson(io, view);
  if (hasStartFailed(view, false)) throw new StartFailure(view);
  if (options.json !== true) await print(io, `${view.instance} changed, ${view.state}`);
}

/** @throws {TenementError} `usage` without a change */
function changesIn(options: SetOptions): InstanceChanges {
  const { env, unset = [] } = options;
  const limitKeys = new Map<string, string>(LIMIT_NAMES.map((name) => [LIMITS[name].key, name]));
  const variables = unset.filter((name) => !limitKeys.has(name));
  const removed = unset.flatMap((name) => limitKeys.get(name) ?? []);
  const limits = { ...Object.fromEntries(removed.map((name) => [name, null])), ...limitsOf(options) };
  const changed = changesOf(env, variables.length > 0 ? variables : undefined);
  if (changed === undefined && Object.keys(limits).length === 0) {
    throw new TenementError('usage', 'nothing to change', {
      hint: 'Give --env NAME=VALUE, --unset NAME, or a limit such as --memory-limit-mb 512.',
    });
  }
  return { ...(changed !== undefined && { env: changed }), ...(Object.keys(limits).length > 0 && { limits }) };
}
