/** `tenement events`: what happened. */
import { styleText } from 'node:util';
import type { Command } from 'commander';
import type { EventEntry } from '../api/client.ts';
import { follow } from './follow.ts';
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
  const { lines: tail, since } = options;
  const show = (entry: EventEntry) => (options.json === true ? printJson(io, entry) : print(io, line(entry, io.color)));
  await withClient(options, io, async (client) => {
    const past = client.events(options.follow === true ? { tail: 0 } : { tail, since });
    for await (const entry of past) await show(entry);
    if (options.follow !== true) return;
    const signal = io.interrupted();
    const first = { follow: true, tail, since };
    const open = (from: string | null) => client.events(from === null ? first : { follow: true, since: from }, signal);
    await follow({ open, show, signal }, io);
  });
}

function line(entry: EventEntry, color: boolean): string {
  const at = color ? styleText('dim', entry.at, { validateStream: false }) : entry.at;
  return [at, entry.instance, entry.type, entry.message].filter((part) => part !== null && part !== '').join(' ');
}
