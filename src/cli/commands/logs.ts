/** `tenement logs`: prints the output of an instance. */
import { styleText } from 'node:util';
import type { Command } from 'commander';
import type { LogEntry } from '../../api/client/client.ts';
import { parseSince } from '../../core/input/since.ts';
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import { TenementError } from '../../errors.ts';
import { instanceOf, takesInstance } from '../instance-argument.ts';
import { follow } from '../output/follow.ts';
import { type CliIo, print, printJson } from '../output/io.ts';
import { wholeNumber } from '../output/numbers.ts';
import { terminalText } from '../output/terminal-text.ts';
import { configFile, type GlobalOptions, isLocal, withClient } from '../target.ts';

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
    .option('-n, --lines <n>', 'print only the newest lines', wholeNumber)
    .option('--since <duration>', 'only from then on: 10m, or a time')
    .option('--grep <text>', 'print only lines that contain this text')
    .option('--stderr', 'print only what went to stderr')
    .option('--json', 'print JSON lines')
    .action((argument: string, _options, command: Command) =>
      logs(argument, command.optsWithGlobals<LogsOptions>(), io),
    );
}

async function logs(argument: string, options: LogsOptions, io: CliIo): Promise<void> {
  const instance = instanceOf(argument, options.id);
  const show = (entry: LogEntry) => (options.json === true ? printJson(io, entry) : print(io, line(entry, io)));
  if (options.follow === true) return followLogs(instance, options, io, show);
  for (const entry of await pastLogs(instance, options, io)) await show(entry);
}

type Show = (entry: LogEntry) => Promise<void>;

/** Reads the log files when the config's server does not run. */
async function pastLogs(instance: InstanceName, options: LogsOptions, io: CliIo): Promise<LogEntry[]> {
  const { lines: tail, since, grep, stderr } = options;
  try {
    return await withClient(options, io, (client) => allOf(client.logs(instance, { tail, since, grep, stderr })));
  } catch (error) {
    if (!isLocalAndAway(error, options, io)) throw error;
    const { readOfflineLogs } = await import('../../local/offline-logs.ts');
    const lines = await readOfflineLogs(configFile(options, io.env), instance, {
      tail,
      grep,
      sinceMs: since === undefined ? undefined : parseSince(since, Date.now()),
      stream: stderr === true ? 'stderr' : undefined,
    });
    return lines.map(({ atMs, stream, text }) => ({ at: new Date(atMs).toISOString(), stream, text }));
  }
}

async function allOf(entries: AsyncIterable<LogEntry>): Promise<LogEntry[]> {
  const all: LogEntry[] = [];
  for await (const entry of entries) all.push(entry);
  return all;
}

function isLocalAndAway(error: unknown, options: LogsOptions, io: CliIo): boolean {
  return isLocal(options, io.env) && error instanceof TenementError && error.code === 'server_unreachable';
}

async function followLogs(instance: InstanceName, options: LogsOptions, io: CliIo, show: Show): Promise<void> {
  const { lines: tail, since, grep, stderr } = options;
  const signal = io.interrupted();
  const first = { follow: true, tail, since, grep, stderr };
  await withClient(options, io, async (client) => {
    // Fails unless a server runs now; only later ends are waited out.
    await client.get(instance);
    const open = (from: string | null) =>
      client.logs(instance, from === null ? first : { follow: true, since: from, grep, stderr }, signal);
    return follow({ open, show, signal }, io);
  });
}

/** Piped output is passed on unchanged. */
function line(entry: LogEntry, { color, isTerminal }: CliIo): string {
  const text = isTerminal ? terminalText(entry.text) : entry.text;
  const stream = entry.stream === 'stderr' ? 'err' : 'out';
  if (!color) return `${entry.at} ${stream} ${text}`;
  const style = { validateStream: false };
  const at = styleText('dim', entry.at, style);
  return `${at} ${styleText(entry.stream === 'stderr' ? 'red' : 'cyan', stream, style)} ${text}`;
}
