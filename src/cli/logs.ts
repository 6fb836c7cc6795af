/** `tenement logs`: what an instance printed. */
import { styleText } from 'node:util';
import type { Command } from 'commander';
import type { LogEntry } from '../api/client.ts';
import { instanceOf, takesInstance } from './instance-argument.ts';
import { type CliIo, print, printJson } from './io.ts';
import { wholeNumber } from './numbers.ts';
import { type GlobalOptions, withClient } from './target.ts';

interface LogsOptions extends GlobalOptions {
  readonly id?: string;
  readonly follow?: boolean;
  readonly lines?: number;
  readonly since?: string;
  readonly grep?: string;
  readonly stderr?: boolean;
  readonly json?: boolean;
}

export function logsCommand(program: Command, io: CliIo): void {
  takesInstance(program.command('logs'))
    .description('print the output of an instance')
    .option('-f, --follow', 'go on with what comes')
    .option('-n, --lines <n>', 'only the newest lines', wholeNumber)
    .option('--since <duration>', 'only from then on: 10m, or a time')
    .option('--grep <text>', 'only lines that contain this text')
    .option('--stderr', 'only what was printed to stderr')
    .option('--json', 'print JSON lines')
    .action((argument: string, _options, command: Command) =>
      logs(argument, command.optsWithGlobals<LogsOptions>(), io),
    );
}

async function logs(argument: string, options: LogsOptions, io: CliIo): Promise<void> {
  const instance = instanceOf(argument, options.id);
  const { follow, lines: tail, since, grep, stderr } = options;
  const signal = follow === true ? io.interrupted() : undefined;
  await withClient(options, io, async (client) => {
    for await (const entry of client.logs(instance, { follow, tail, since, grep, stderr }, signal)) {
      if (options.json === true) await printJson(io, entry);
      else await print(io, line(entry, io.color));
    }
  });
}

function line(entry: LogEntry, color: boolean): string {
  const stream = entry.stream === 'stderr' ? 'err' : 'out';
  if (!color) return `${entry.at} ${stream} ${entry.text}`;
  const style = { validateStream: false };
  const at = styleText('dim', entry.at, style);
  return `${at} ${styleText(entry.stream === 'stderr' ? 'red' : 'cyan', stream, style)} ${entry.text}`;
}
