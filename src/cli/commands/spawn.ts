/** `tenement spawn`: registers an instance and starts it. */
import { type Command, InvalidArgumentError } from 'commander';
import type { InstanceView } from '../../core/input/verbs.ts';
import { parseInstanceName } from '../../core/lifecycle/instance.ts';
import { hasStartFailed } from '../../core/lifecycle/start-outcome.ts';
import { LIMIT_RULES, limitProblem } from '../../core/limits/limit-rules.ts';
import type { LimitsInput } from '../../core/limits/limits.ts';
import { instanceOf } from '../instance-argument.ts';
import { block } from '../output/format.ts';
import { type CliIo, print, printJson } from '../output/io.ts';
import { StartFailure } from '../output/start-failure.ts';
import { type GlobalOptions, withClient } from '../target.ts';

interface SpawnCommandOptions extends GlobalOptions, LimitsInput {
  readonly id?: string;
  readonly env?: Record<string, string>;
  readonly start: boolean;
  readonly wait: boolean;
  readonly json?: boolean;
}

export function spawnCommand(program: Command, io: CliIo): void {
  program
    .command('spawn')
    .description('register an instance, start it and wait until it is ready')
    .argument('<service>', 'the service, or SERVICE:ID')
    .option('--id <id>', 'the tenant')
    .option('--env <name=value>', "a variable of the tenant's own; may be repeated", collectVariable)
    .option('--memory-limit-mb <n>', "a limit of the tenant's own, as the others below", limit('memoryLimitMb'))
    .option('--cpu-shares <n>', 'weight when the processor is short', limit('cpuShares'))
    .option('--cpu-limit <cores>', 'processors, for example 0.5', limit('cpuLimit'))
    .option('--pids-limit <n>', 'processes and threads', limit('pidsLimit'))
    .option('--nofile-limit <n>', 'open files of each process', limit('nofileLimit'))
    .option('--storage-limit-mb <n>', 'what its tenant directory may take on disk', limit('storageLimitMb'))
    .option('--no-start', 'only register it')
    .option('--no-wait', 'do not wait until it is ready')
    .option('--json', 'print the instance as JSON')
    .action((service: string, _options, command: Command) =>
      spawn(service, command.optsWithGlobals<SpawnCommandOptions>(), io),
    );
}

function collectVariable(text: string, earlier: Record<string, string> = {}): Record<string, string> {
  const equals = text.indexOf('=');
  const name = text.slice(0, Math.max(equals, 0));
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new InvalidArgumentError('Write it as NAME=VALUE.');
  return { ...earlier, [name]: text.slice(equals + 1) };
}

/** By the rules of the config, before a server is asked. */
function limit(name: keyof LimitsInput) {
  return (text: string): number => {
    const number = /^[\d.+-]+$/.test(text) ? Number(text) : Number.NaN;
    const problem = limitProblem(LIMIT_RULES[name], number);
    if (problem !== null) throw new InvalidArgumentError(`${problem.replace(/^expected/, 'Write')}.`);
    return number;
  };
}

function limitsOf(options: LimitsInput) {
  const { memoryLimitMb, cpuShares, cpuLimit, pidsLimit, nofileLimit, storageLimitMb } = options;
  // Of all there are, so that the compiler misses one that is left out.
  const limits: Record<keyof LimitsInput, number | undefined> = {
    memoryLimitMb,
    cpuShares,
    cpuLimit,
    pidsLimit,
    nofileLimit,
    storageLimitMb,
  };
  return Object.values(limits).some((limit) => limit !== undefined) ? { limits } : {};
}

async function spawn(argument: string, options: SpawnCommandOptions, io: CliIo): Promise<void> {
  const { service, tenantId } = parseInstanceName(instanceOf(argument, options.id));
  const { env, start, wait } = options;
  const { view, created } = await withClient(options, io, (client) =>
    client.spawn(service, tenantId, { ...(env !== undefined && { env }), ...limitsOf(options), start, wait }),
  );
  if (options.json === true) await printJson(io, view);
  if (start && wait && hasStartFailed(view, created)) throw new StartFailure(view);
  if (options.json !== true) await print(io, describe(view));
}

function describe(view: InstanceView): string {
  const where: [string, string][] = [];
  if (view.socket !== null) where.push(['socket', view.socket]);
  if (view.url !== null) where.push(['url', view.url]);
  return [`${view.instance} ${view.state}`, ...(where.length > 0 ? [block(where)] : [])].join('\n');
}
