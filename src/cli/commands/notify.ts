/** `tenement notify`: shows the receivers of notifications, and tries them. */
import type { Command } from 'commander';
import type { NotifyTargetView, NotifyTestResult } from '../../core/notify/notify-port.ts';
import { CommandEnd } from '../command-end.ts';
import { age, duration, UNKNOWN } from '../output/format.ts';
import { type CliIo, print, printJson, printTable, takesWide } from '../output/io.ts';
import { type Column, largerUnit } from '../output/table.ts';
import { terminalText } from '../output/terminal-text.ts';
import { type GlobalOptions, withClient } from '../target.ts';

type NotifyOptions = GlobalOptions & { readonly wide?: boolean; readonly json?: boolean };

const COLUMNS: readonly Column[] = [
  { heading: 'RECEIVER' },
  { heading: 'PENDING' },
  { heading: 'LAST SUCCESS', rank: 1, brief: largerUnit },
  { heading: 'LAST FAILURE', rank: 3, brief: largerUnit },
  { heading: 'NEXT TRY', rank: 2, brief: largerUnit },
];
const NONE = 'No receivers of notifications. Add one to the config: [[notify]] with url and events.';

export function notifyCommand(program: Command, io: CliIo): void {
  const notify = program.command('notify').description('list and test the receivers of notifications');
  takesWide(notify.command('ls').description('list the receivers, and what is pending for each'))
    .option('--json', 'print a JSON array')
    .action((_options, command: Command) => list(command.optsWithGlobals<NotifyOptions>(), io));
  notify
    .command('test')
    .description('send a test message, and print what the receiver answers')
    .argument('[url]', 'the url of one [[notify]]; default: all')
    .option('--json', 'print a JSON array')
    .action((url: string | undefined, _options, command: Command) =>
      test(url, command.optsWithGlobals<NotifyOptions>(), io),
    );
}

async function list(options: NotifyOptions, io: CliIo): Promise<void> {
  const targets = await withClient(options, io, (client) => client.listNotify());
  if (options.json === true) return printJson(io, targets);
  if (targets.length === 0) return print(io, NONE);
  const nowMs = Date.now();
  await printTable(
    io,
    options,
    COLUMNS,
    targets.map((target) => row(target, nowMs)),
  );
  for (const line of targets.flatMap((target) => remarks(target))) await print(io, line);
}

function row(target: NotifyTargetView, nowMs: number): string[] {
  const ago = (iso: string | null) => (iso === null ? UNKNOWN : `${age(iso, nowMs)} ago`);
  const { nextTryAt } = target;
  return [
    target.url,
    String(target.pending),
    ago(target.lastSuccessAt),
    ago(target.lastFailureAt),
    nextTryAt === null ? UNKNOWN : `in ${duration(Date.parse(nextTryAt) - nowMs)}`,
  ];
}

function remarks({ url, pending, lastFailure, dropped, givenUp }: NotifyTargetView): string[] {
  return [
    ...(pending > 0 && lastFailure !== null ? [`${url}: ${terminalText(lastFailure)}`] : []),
    ...(givenUp > 0 ? [`${url}: ${givenUp} given up after three days`] : []),
    ...(dropped > 0 ? [`${url}: ${dropped} dropped because too many were pending`] : []),
  ];
}

async function test(url: string | undefined, options: NotifyOptions, io: CliIo): Promise<void> {
  const results = await withClient(options, io, (client) => client.testNotify(url));
  if (options.json === true) await printJson(io, results);
  else for (const result of results) await print(io, describe(result));
  if (results.some(({ ok }) => !ok)) throw new CommandEnd(1);
}

function describe({ url, status, answer, failure, durationMs }: NotifyTestResult): string {
  const what = status === null ? `failed: ${terminalText(failure ?? '')}` : (failure ?? `answered ${status}`);
  const head = `${url}: ${what}, after ${durationMs} ms`;
  const lines = (answer ?? '').split('\n').filter((line) => line.trim() !== '');
  return [head, ...lines.map((line) => `  | ${terminalText(line)}`)].join('\n');
}
