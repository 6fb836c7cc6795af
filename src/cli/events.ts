/** `tenement events`: what happened. */
import { styleText } from 'node:util';
import type { Command } from 'commander';
import type { EventEntry } from '../api/client.ts';
import { type CliIo, print, printJson } from './io.ts';
import { wholeNumber } from './numbers.ts';
import { type GlobalOptions, withClient } from './target.ts';

interface EventsOptions extends GlobalOptions {
  readonly follow?: boolean;
  readonly lines?: number;
  readonly since?: string;
  readonly json?: boolean;
}

export function eventsCommand(program: Command, io: CliIo): void {
  program
    .command('events')
    .description('print what happened: spawned, woke, slept, crashed and so on')
    .option('-f, --follow', 'go on with what comes')
    .option('-n, --lines <n>', 'only the newest events', wholeNumber)
    .option('--since <duration>', 'only from then on: 10m, or a time')
    .option('--json', 'print JSON lines')
    .action((_options, command: Command) => events(command.optsWithGlobals<EventsOptions>(), io));
}

async function events(options: EventsOptions, io: CliIo): Promise<void> {
  const { follow, lines: tail, since } = options;
  const signal = follow === true ? io.interrupted() : undefined;
  await withClient(options, io, async (client) => {
    for await (const entry of client.events({ follow, tail, since }, signal)) {
      if (options.json === true) await printJson(io, entry);
      else await print(io, line(entry, io.color));
    }
  });
}

function line(entry: EventEntry, color: boolean): string {
  const at = color ? styleText('dim', entry.at, { validateStream: false }) : entry.at;
  return [at, entry.instance, entry.type, entry.message].filter((part) => part !== null && part !== '').join(' ');
}
