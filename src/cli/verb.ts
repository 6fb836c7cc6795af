/** What start, stop, restart, sleep and wake have in common. */
import type { Command } from 'commander';
import type { ApiClient } from '../api/client/client.ts';
import { type InstanceName, namedInstance } from '../core/lifecycle/instance.ts';
import type { InstanceView } from '../core/verbs/verbs.ts';
import { TenementError } from '../errors.ts';
import { type BulkWork, runBulk } from './bulk.ts';
import { instanceOf } from './instance-argument.ts';
import { isSelective, type Selection, selectedBy, takesSelection } from './instance-selection.ts';
import { type CliIo, print, printJson } from './output/io.ts';
import { wholeNumber } from './output/numbers.ts';
import { assertReady } from './output/start-failure.ts';
import { withStartProgress } from './output/start-progress.ts';
import { type GlobalOptions, withClient } from './target.ts';

export interface Verb {
  readonly name: string;
  readonly description: string;
  /** As in `restarted 3 instances`. */
  readonly done: string;
  /** Whether the instance must be ready afterwards. */
  readonly starts: boolean;
  /** How many of several instances at a time, unless --parallel says otherwise. */
  readonly parallel: number;
  /** Whether a failure keeps the instances that remain as they are, unless --keep-going says otherwise. */
  readonly haltsOnFailure: boolean;
  /** Whether `--all` means an instance. */
  concerns(view: InstanceView): boolean;
  call(client: ApiClient, instance: InstanceName, options: VerbOptions): Promise<InstanceView>;
}

interface VerbOptions extends GlobalOptions, Selection {
  readonly id?: string;
  readonly all?: boolean;
  readonly parallel?: number;
  readonly keepGoing?: boolean;
  readonly json?: boolean;
  /** Only for a verb with `--no-wait`. */
  readonly wait?: boolean;
}

const SEVERAL = 'With --all:';

/** Declares the command, which prints a line for each instance, or with --json one or all as JSON. */
export function verbCommand(program: Command, io: CliIo, verb: Verb): Command {
  const command = program
    .command(verb.name)
    .description(verb.description)
    .argument('[instance...]', 'SERVICE:ID, or SERVICE with --id or --all')
    .option('--id <id>', 'the tenant, if the argument names only a service')
    .option('--json', 'print the instance as JSON; of several, an array of outcomes')
    .option('--parallel <n>', `how many of several at a time (default: ${verb.parallel})`, wholeNumber);
  if (verb.haltsOnFailure) command.option('--keep-going', 'go on with the others after a failure');
  command
    .optionsGroup(SEVERAL)
    .option('--all', 'all that this concerns, of the services that are named or of every one');
  return takesSelection(command)
    .optionsGroup('Options:')
    .action((words: readonly string[], _options, self: Command) =>
      act(words, self.optsWithGlobals<VerbOptions>(), io, verb),
    );
}

async function act(words: readonly string[], options: VerbOptions, io: CliIo, verb: Verb): Promise<void> {
  assertChosen(words, options, verb);
  await withClient(options, io, async (client) => {
    if (options.all !== true && words.length === 1) {
      return one(instanceOf(words[0] ?? '', options.id), { client, options, io, verb });
    }
    const instances = options.all === true ? await all(words, options, client, verb) : words.map(namedInstance);
    if (instances.length === 0) return options.json === true ? printJson(io, []) : print(io, 'No such instances.');
    const call = async (instance: string) => {
      const view = await verb.call(client, namedInstance(instance), options);
      if (isReadyExpected(verb, options)) assertReady(view);
      return view;
    };
    const haltsOnFailure = verb.haltsOnFailure && options.keepGoing !== true;
    const parallel = Math.max(1, options.parallel ?? verb.parallel);
    const names = [...new Set(instances)];
    const work: BulkWork = { done: verb.done, noun: 'instance', names, parallel, haltsOnFailure, call };
    await runBulk(work, io, options.json === true);
  });
}

interface Context {
  readonly client: ApiClient;
  readonly options: VerbOptions;
  readonly io: CliIo;
  readonly verb: Verb;
}

async function one(instance: InstanceName, { client, options, io, verb }: Context): Promise<void> {
  const called = verb.call(client, instance, options);
  const view = await (isReadyExpected(verb, options) ? withStartProgress(instance, client, io, called) : called);
  if (options.json === true) await printJson(io, view);
  if (isReadyExpected(verb, options)) assertReady(view);
  if (options.json !== true) await print(io, `${view.instance} ${view.state}`);
}

function isReadyExpected(verb: Verb, { wait }: VerbOptions): boolean {
  return verb.starts && wait !== false;
}

/** Returns the instances that `--all` means. @param services none: those of every service */
async function all(
  services: readonly string[],
  options: VerbOptions,
  client: ApiClient,
  verb: Verb,
): Promise<InstanceName[]> {
  const views = await selectedBy(options, await client.list(), client);
  const named = views.filter(({ service }) => services.length === 0 || services.includes(service));
  return named
    .filter((view) => verb.concerns(view) || options.state?.includes(view.state))
    .map(({ instance }) => instance);
}

/** @throws {TenementError} `usage` */
function assertChosen(words: readonly string[], options: VerbOptions, { name }: Verb): void {
  const { all: isAll = false, id } = options;
  const refuse = (message: string, hint: string) => new TenementError('usage', message, { hint });
  if (!isAll && isSelective(options)) {
    throw refuse('--state, --service and --plan choose among --all', `Write \`tenement ${name} --all …\`.`);
  }
  if (!isAll && words.length === 0) {
    throw refuse(`${name} what?`, `Name an instance: \`tenement ${name} SERVICE:ID\`; or all of them: --all.`);
  }
  if (id !== undefined && (isAll || words.length > 1)) {
    throw refuse(
      '--id names one instance, so it needs one SERVICE and no --all',
      `Write \`tenement ${name} SERVICE:ID …\`.`,
    );
  }
  const instance = isAll ? words.find((word) => word.includes(':')) : undefined;
  if (instance !== undefined) {
    throw refuse(
      `--all takes services, and ${instance} is an instance`,
      `Leave out --all, or write the service alone.`,
    );
  }
}
