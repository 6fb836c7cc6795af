/** `tenement tenant stop` and `start`: an operator's stop of all instances of tenants, and its end. */
import { type Command, Option } from 'commander';
import type { ApiClient } from '../../../api/client/client.ts';
import { hasStartFailed } from '../../../core/lifecycle/start-outcome.ts';
import { assertTenantId } from '../../../core/tenants/tenant.ts';
import { TENANT_STATES, type TenantState } from '../../../core/tenants/tenant-state.ts';
import type { TenantView } from '../../../core/verbs/tenant-verbs.ts';
import type { InstanceView } from '../../../core/verbs/verbs.ts';
import { TenementError } from '../../../errors.ts';
import { collectLabel } from '../../assignments.ts';
import { runBulk } from '../../bulk.ts';
import { type CliIo, print, printJson, tableSpace } from '../../output/io.ts';
import { wholeNumber } from '../../output/numbers.ts';
import { StartFailure } from '../../output/start-failure.ts';
import { withProgress } from '../../output/start-progress.ts';
import { type GlobalOptions, withClient } from '../../target.ts';
import { instancesOf, tenantLines } from './tenant-text.ts';

interface VerbOptions extends GlobalOptions {
  readonly all?: boolean;
  readonly plan?: string;
  readonly state?: TenantState;
  readonly label?: Record<string, string>;
  readonly parallel?: number;
  readonly wait?: boolean;
  readonly json?: boolean;
}

interface Verb {
  readonly name: 'stop' | 'start';
  readonly description: string;
  /** As in `stopped 3 tenants`. */
  readonly done: string;
  /** Whether `--all` means a tenant in this state. */
  concerns(state: TenantState): boolean;
  call(client: ApiClient, id: string, options: VerbOptions): Promise<TenantView>;
}

/** How many tenants at a time, unless --parallel says otherwise. */
const PARALLEL = 4;

const STOP: Verb = {
  name: 'stop',
  description: 'stop all instances of tenants until they are started',
  done: 'stopped',
  concerns: (state) => state !== 'stopped',
  call: (client, id) => client.tenants.stop(id),
};

const START: Verb = {
  name: 'start',
  description: 'start all instances of tenants and wait until they are ready',
  done: 'started',
  concerns: (state) => state === 'stopped',
  call: (client, id, { wait }) => client.tenants.start(id, { wait }),
};

export function stopCommand(tenant: Command, io: CliIo): void {
  verbCommand(tenant, io, STOP);
}

export function startCommand(tenant: Command, io: CliIo): void {
  verbCommand(tenant, io, START).option('--no-wait', 'do not wait until they are ready');
}

function verbCommand(tenant: Command, io: CliIo, verb: Verb): Command {
  return tenant
    .command(verb.name)
    .description(verb.description)
    .argument('[id...]', 'the tenants')
    .option('--json', 'print the tenant as JSON; of several, an array of outcomes')
    .option('--parallel <n>', `how many of several at a time (default: ${PARALLEL})`, wholeNumber)
    .optionsGroup('With --all:')
    .option('--all', 'all tenants that this concerns')
    .option('--plan <name>', 'only those on this plan')
    .addOption(new Option('--state <state>', 'only those in this state').choices(TENANT_STATES))
    .option('--label <key=value>', 'only those with this label; can be repeated', collectLabel)
    .optionsGroup('Options:')
    .action((ids: readonly string[], _options, command: Command) =>
      act(ids, { verb, options: command.optsWithGlobals<VerbOptions>(), io }),
    );
}

interface Context {
  readonly verb: Verb;
  readonly options: VerbOptions;
  readonly io: CliIo;
}

async function act(ids: readonly string[], context: Context): Promise<void> {
  const { verb, options, io } = context;
  for (const id of ids) assertTenantId(id);
  assertChosen(ids, verb, options);
  await withClient(options, io, async (client) => {
    const [id] = ids;
    if (id !== undefined && ids.length === 1) return one(id, client, context);
    const names = options.all === true ? await all(client, context) : [...new Set(ids)];
    if (names.length === 0) return options.json === true ? printJson(io, []) : print(io, 'No such tenants.');
    const parallel = Math.max(1, options.parallel ?? PARALLEL);
    const call = async (name: string) => (await done(name, client, context)).view;
    await runBulk(
      { done: verb.done, noun: 'tenant', names, parallel, haltsOnFailure: false, call },
      io,
      options.json === true,
    );
  });
}

async function one(id: string, client: ApiClient, context: Context): Promise<void> {
  const { options, io } = context;
  const look = async () => waitedFor(await instancesOf(await client.tenants.get(id), client));
  const { view, instances, failed } = await withProgress({ name: id, look }, io, outcomeOf(id, client, context));
  if (options.json === true) await printJson(io, view);
  if (failed !== undefined) throw new StartFailure(failed);
  if (options.json !== true) await print(io, tenantLines(view, { instances }, tableSpace(io)));
}

/** @throws {StartFailure} when an instance that was waited for did not start */
async function done(id: string, client: ApiClient, context: Context) {
  const outcome = await outcomeOf(id, client, context);
  if (outcome.failed !== undefined) throw new StartFailure(outcome.failed);
  return outcome;
}

async function outcomeOf(id: string, client: ApiClient, { verb, options }: Context) {
  const view = await verb.call(client, id, options);
  const instances = await instancesOf(view, client);
  const isWaitedFor = verb === START && options.wait !== false;
  return { view, instances, failed: isWaitedFor ? instances.find((each) => hasStartFailed(each, true)) : undefined };
}

function waitedFor(instances: readonly InstanceView[]): InstanceView | null {
  return instances.find(({ state }) => state !== 'ready' && state !== 'stopped') ?? null;
}

async function all(client: ApiClient, { verb, options }: Context): Promise<string[]> {
  const { plan, state, label } = options;
  const { tenants } = await client.tenants.list({ plan, state, ...(label !== undefined && { labels: label }) });
  return tenants.filter((view) => state !== undefined || verb.concerns(view.state)).map(({ id }) => id);
}

/** @throws {TenementError} `usage` */
function assertChosen(
  ids: readonly string[],
  { name }: Verb,
  { all: isAll = false, plan, state, label }: VerbOptions,
): void {
  const refuse = (message: string, hint: string) => new TenementError('usage', message, { hint });
  const isSelective = plan !== undefined || state !== undefined || label !== undefined;
  if (!isAll && isSelective)
    throw refuse('--plan, --state and --label choose among --all', `Write \`tenement tenant ${name} --all …\`.`);
  if (!isAll && ids.length === 0)
    throw refuse(`${name} which tenant?`, `Name one: \`tenement tenant ${name} ID\`; or all of them: --all.`);
  if (isAll && ids.length > 0)
    throw refuse(`--all means every tenant, and ${ids[0]} is one`, 'Leave out --all, or the names.');
}
