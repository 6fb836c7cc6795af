/** `tenement events`: prints events. */
import { type Command, InvalidArgumentError } from 'commander';
import type { EventEntry } from '../../core/lifecycle/event-entry.ts';
import { eventTypeProblem } from '../../core/lifecycle/event-types.ts';
import { isLabel } from '../../core/tenants/tenant.ts';
import { instanceOf } from '../instance-argument.ts';
import { painter } from '../output/color.ts';
import { wrapped } from '../output/display-width.ts';
import { follow } from '../output/follow.ts';
import { type CliIo, print, printJson } from '../output/io.ts';
import { wholeNumber } from '../output/numbers.ts';
import { terminalText } from '../output/terminal-text.ts';
import { type GlobalOptions, withClient } from '../target.ts';

interface EventsOptions extends GlobalOptions {
  readonly follow?: boolean;
  readonly lines?: number;
  readonly since?: string;
  readonly type?: string;
  readonly tenant?: string;
  readonly json?: boolean;
}

export function eventsCommand(program: Command, io: CliIo): void {
  program
    .command('events')
    .description('print what happened: spawned, woke, slept, crashed and so on')
    .argument('[instance]', 'print only events of SERVICE:ID')
    .option('--tenant <id>', 'print only events of this tenant', tenantId)
    .option('--type <type>', 'print only events of this type, for example crashed', eventType)
    .option('-f, --follow', 'go on with what comes')
    .option('-n, --lines <n>', 'print only the newest events', wholeNumber)
    .option('--since <duration>', 'only from then on: 10m, or a time')
    .option('--json', 'print JSON lines')
    .action((argument: string | undefined, _options, command: Command) =>
      events(argument, command.optsWithGlobals<EventsOptions>(), io),
    );
}

function eventType(text: string): string {
  const problem = eventTypeProblem(text);
  if (problem !== null) throw new InvalidArgumentError(`There is no such type: ${problem}.`);
  return text;
}

function tenantId(text: string): string {
  if (!isLabel(text)) throw new InvalidArgumentError('Write an id such as acme: 1 to 63 of a-z, 0-9 and -.');
  return text;
}

async function events(argument: string | undefined, options: EventsOptions, io: CliIo): Promise<void> {
  const { lines: tail, since, type, tenant } = options;
  const instance = argument === undefined ? undefined : instanceOf(argument, undefined);
  const which = { instance, tenant, type };
  const show = (entry: EventEntry) => (options.json === true ? printJson(io, entry) : print(io, line(entry, io)));
  await withClient(options, io, async (client) => {
    const past = client.events(options.follow === true ? { tail: 0 } : { ...which, tail, since });
    for await (const entry of past) await show(entry);
    if (options.follow !== true) return;
    const signal = io.interrupted();
    const first = { ...which, follow: true, tail, since };
    const open = (from: string | null) =>
      client.events(from === null ? first : { ...which, follow: true, since: from }, signal);
    await follow({ open, show, signal }, io);
  });
}

/** On a terminal, long messages go on below their beginning. */
function line(entry: EventEntry, { color, isTerminal, columns }: CliIo): string {
  const paint = painter(color);
  const message = isTerminal ? terminalText(entry.message) : entry.message;
  const subject = entry.instance ?? entry.tenant;
  const rest = [subject, entry.type, message, origin(entry)].filter((part) => part !== null && part !== '').join(' ');
  if (columns === null) return `${paint('dim', entry.at)} ${rest}`;
  const [first = '', ...more] = wrapped(rest, columns - entry.at.length - 1);
  return [`${paint('dim', entry.at)} ${first}`, ...more.map((part) => ' '.repeat(entry.at.length + 1) + part)].join(
    '\n',
  );
}

/** Says who made a change. What tenement and requests do by themselves needs no name. */
function origin({ actor, tokenId, address }: EventEntry): string | null {
  if (actor === null || actor === 'system' || actor === 'request') return null;
  // The viewer's scope hides the names of other tokens.
  if (actor === 'token' && tokenId === null) return '[by another token]';
  return address === null ? `[by ${actor}]` : `[by ${actor} from ${address}]`;
}
