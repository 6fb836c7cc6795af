/** `tenement top`: what instances use now, on a screen that changes. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ApiClient } from '../../api/client/client.ts';
import { TenementError } from '../../errors.ts';
import { type Selection, selectedBy, takesSelection } from '../instance-selection.ts';
import { painter } from '../output/color.ts';
import { type CliIo, print, printJson } from '../output/io.ts';
import { type GlobalOptions, withClient } from '../target.ts';
import { FullScreen } from '../top/full-screen.ts';
import { type Reading, TOP_KEYS, type TopKey, usagesOf } from '../top/rates.ts';
import { topScreen } from '../top/screen.ts';

interface TopOptions extends GlobalOptions, Selection {
  readonly sort: TopKey;
  readonly interval: number;
  readonly once?: boolean;
  readonly json?: boolean;
}

const BY_KEY: Readonly<Record<string, TopKey>> = { c: 'cpu', m: 'memory', r: 'requests', b: 'busy', n: 'name' };
const QUIT = ['q', '\u0003', '\u001b'];
/** Arrows and pages, as terminals send them. */
const SCROLL: Readonly<Record<string, number>> = {
  '\u001b[A': -1,
  '\u001b[B': 1,
  '\u001b[5~': -20,
  '\u001b[6~': 20,
  k: -1,
  j: 1,
};

export function topCommand(program: Command, io: CliIo): void {
  takesSelection(program.command('top').description('show what instances use now, on a screen that changes'))
    .addOption(new Option('--sort <key>', 'the order of the lines, the largest first').choices(TOP_KEYS).default('cpu'))
    .addOption(new Option('--interval <seconds>', 'time between two readings').argParser(seconds).default(2))
    .option('--once', 'print one reading of that time, and end')
    .option('--json', 'with --once: print it as JSON')
    .action((_options, command: Command) => top(command.optsWithGlobals<TopOptions>(), io));
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0.2 && value <= 3600)) throw new InvalidArgumentError('Write a number of seconds from 0.2 to 3600.');
  return value;
}

async function top(options: TopOptions, io: CliIo): Promise<void> {
  if (options.json === true && options.once !== true) throw new TenementError('usage', '--json needs --once');
  await withClient(options, io, (client) =>
    options.once === true ? once(client, options, io) : watch(client, options, io),
  );
}

async function read(client: ApiClient, options: TopOptions): Promise<Reading> {
  const views = await selectedBy(options, await client.list(), client);
  return { atMs: Date.now(), views };
}

async function once(client: ApiClient, options: TopOptions, io: CliIo): Promise<void> {
  const before = await read(client, options);
  await new Promise((resolve) => setTimeout(resolve, options.interval * 1000));
  const now = await read(client, options);
  const usages = usagesOf(now, before, options.sort);
  if (options.json === true) {
    return printJson(
      io,
      usages.map(({ view, cpu, requestsPerS }) => ({ ...view, cpu, requestsPerS })),
    );
  }
  const space = { columns: io.columns, paint: painter(io.color) };
  await print(io, topScreen(usages, { nowMs: now.atMs, sort: options.sort, offset: 0, lines: null, space }).join('\n'));
}

/** @throws {TenementError} `usage` without a terminal */
async function watch(client: ApiClient, options: TopOptions, io: CliIo): Promise<void> {
  if (!io.isTerminal || process.stdin.isTTY !== true) {
    throw new TenementError('usage', 'top needs a terminal', { hint: '`tenement top --once` prints one reading.' });
  }
  let { sort } = options;
  let offset = 0;
  let before: Reading | null = null;
  let now: Reading = await read(client, options);
  const { promise: quit, resolve: end, reject: fail } = Promise.withResolvers<void>();
  const draw = () => {
    const { columns, lines } = screen.size;
    offset = Math.max(0, Math.min(offset, now.views.length - 1));
    const space = { columns, paint: painter(io.color) };
    screen.show(topScreen(usagesOf(now, before, sort), { nowMs: Date.now(), sort, offset, lines, space }));
  };
  const screen = new FullScreen((key) => {
    if (QUIT.includes(key)) return end();
    sort = BY_KEY[key] ?? sort;
    offset += SCROLL[key] ?? 0;
    draw();
  });
  let timer: NodeJS.Timeout | undefined;
  const again = async () => {
    const next = await read(client, options);
    [before, now] = [now, next];
    draw();
    later();
  };
  const later = () => {
    timer = setTimeout(() => again().catch(fail), options.interval * 1000);
  };
  try {
    draw();
    later();
    await quit;
  } finally {
    clearTimeout(timer);
    screen.close();
  }
}
