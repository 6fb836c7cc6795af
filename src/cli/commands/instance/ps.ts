/** `tenement ps`: lists every instance, one per line. */
import type { Command } from 'commander';
import type { InstanceView } from '../../../core/verbs/verbs.ts';
import { age, bytes, isBusy, table, UNKNOWN } from '../../output/format.ts';
import { type CliIo, print, printJson } from '../../output/io.ts';
import { type GlobalOptions, withClient } from '../../target.ts';

const HEADINGS = ['INSTANCE', 'STATE', 'PID', 'UPTIME', 'IDLE', 'MEMORY', 'RESTARTS', 'REQUESTS'];

export function psCommand(program: Command, io: CliIo): void {
  program
    .command('ps')
    .description('list every instance')
    .option('--json', 'print a JSON array')
    .action((_options, command: Command) => ps(command.optsWithGlobals<GlobalOptions & { json?: boolean }>(), io));
}

async function ps(options: GlobalOptions & { json?: boolean }, io: CliIo): Promise<void> {
  const views = await withClient(options, io, (client) => client.list());
  if (options.json === true) return printJson(io, views);
  if (views.length === 0) return print(io, 'No instances. Register one: tenement spawn SERVICE --id ID');
  const nowMs = Date.now();
  const rows = views.map((view) => row(view, nowMs));
  await print(io, table(HEADINGS, rows));
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
