/** `tenement ps`: lists instances, one per line. */
import { type Command, Option } from 'commander';
import type { ApiClient } from '../../../api/client/client.ts';
import type { InstanceView } from '../../../core/verbs/verbs.ts';
import { isSelective, type Selection, selectedBy, takesSelection } from '../../instance-selection.ts';
import { age, bytes, isBusy, UNKNOWN } from '../../output/format.ts';
import { type CliIo, print, printJson, printTable, takesWide } from '../../output/io.ts';
import { stateColor } from '../../output/state-color.ts';
import { type Column, largerUnit } from '../../output/table.ts';
import { type GlobalOptions, withClient } from '../../target.ts';
import { SORT_KEYS, type SortKey, sorted } from './sort.ts';

const COLUMNS: readonly Column[] = [
  { heading: 'INSTANCE' },
  { heading: 'STATE', format: stateColor },
  { heading: 'PID', rank: 3 },
  { heading: 'UPTIME', rank: 4, brief: largerUnit },
  { heading: 'IDLE', rank: 6, brief: largerUnit },
  { heading: 'MEMORY', rank: 5 },
  { heading: 'RESTARTS', rank: 1 },
  { heading: 'REQUESTS', rank: 2 },
];
/** Columns that only `--wide` shows. */
const WIDE_COLUMNS: readonly Column[] = ['PLAN', 'IN FLIGHT', 'CPU', 'WAKES', 'URL', 'SOCKET'].map((heading) => ({
  heading,
}));

interface PsOptions extends GlobalOptions, Selection {
  readonly sort: SortKey;
  readonly wide?: boolean;
  readonly json?: boolean;
}

export function psCommand(program: Command, io: CliIo): void {
  const verb = takesSelection(program.command('ps').description('list every instance')).addOption(
    new Option('--sort <key>', 'the order of the lines').choices(SORT_KEYS).default('name'),
  );
  takesWide(verb)
    .option('--json', 'print a JSON array')
    .action((_options, command: Command) => ps(command.optsWithGlobals<PsOptions>(), io));
}

async function ps(options: PsOptions, io: CliIo): Promise<void> {
  const { views, plans } = await withClient(options, io, async (client) => ({
    views: sorted(await selectedBy(options, await client.list(), client), options.sort),
    plans: options.wide === true && options.json !== true ? await plansOf(client) : null,
  }));
  if (options.json === true) return printJson(io, views);
  if (views.length === 0) {
    return print(
      io,
      isSelective(options) ? 'No such instances.' : 'No instances. Register one: tenement spawn SERVICE --id ID',
    );
  }
  const nowMs = Date.now();
  const rows = views.map((view) => [...row(view, nowMs), ...(plans === null ? [] : wideCells(view, plans))]);
  const columns = plans === null ? COLUMNS : [...COLUMNS, ...WIDE_COLUMNS];
  await printTable(io, options, columns, rows);
}

/** Returns the plan of each tenant that has one. */
async function plansOf(client: ApiClient): Promise<ReadonlyMap<string, string | null>> {
  const { tenants } = await client.tenants.list();
  return new Map(tenants.map(({ id, plan }) => [id, plan]));
}

function row(view: InstanceView, nowMs: number): string[] {
  const busy = isBusy(view);
  return [
    view.instance,
    view.state,
    view.pid === null ? UNKNOWN : String(view.pid),
    view.pid === null ? UNKNOWN : age(view.startedAt, nowMs),
    busy ? 'busy' : age(view.lastActivityAt, nowMs),
    bytes(view.memoryBytes),
    String(view.restarts),
    String(view.requests),
  ];
}

function wideCells(view: InstanceView, plans: ReadonlyMap<string, string | null>): string[] {
  return [
    plans.get(view.id) ?? UNKNOWN,
    String(view.inFlight),
    view.cpuSeconds === null ? UNKNOWN : `${view.cpuSeconds.toFixed(1)}s`,
    String(view.wakes),
    view.url ?? UNKNOWN,
    view.socket ?? UNKNOWN,
  ];
}
