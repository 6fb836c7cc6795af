/** `tenement usage`: prints what tenants have used. */
import { type Command, Option } from 'commander';
import { METERS, type Meter } from '../../core/usage/meters.ts';
import { PERIODS, type Period } from '../../core/usage/periods.ts';
import { METER_NAMES } from '../../core/usage/tally.ts';
import type { UsageInput, UsageView } from '../../core/usage/usage-query.ts';
import { TenementError } from '../../errors.ts';
import { csv } from '../output/csv.ts';
import { bytes, duration, UNKNOWN } from '../output/format.ts';
import { type CliIo, print, printJson, printTable, takesWide } from '../output/io.ts';
import { type Column, largerUnit } from '../output/table.ts';
import { type GlobalOptions, withClient } from '../target.ts';

interface UsageOptions extends GlobalOptions {
  readonly month?: string;
  readonly from?: string;
  readonly to?: string;
  readonly by?: Period;
  readonly csv?: boolean;
  readonly wide?: boolean;
  readonly json?: boolean;
}

const COLUMNS: Readonly<Record<Meter, Column>> = {
  requests: { heading: 'REQUESTS' },
  errors: { heading: 'ERRORS', rank: 4 },
  ingressBytes: { heading: 'IN', rank: 5 },
  egressBytes: { heading: 'OUT', rank: 8 },
  cpuSeconds: { heading: 'CPU', rank: 7 },
  awakeSeconds: { heading: 'AWAKE', rank: 6, brief: largerUnit },
  memoryGbSeconds: { heading: 'MEMORY GB·S', rank: 2 },
  wakes: { heading: 'WAKES', rank: 3 },
  storageBytes: { heading: 'STORAGE', rank: 9 },
};

export function usageCommand(program: Command, io: CliIo): void {
  const verb = program
    .command('usage')
    .description('print what tenants have used, by hour, day or month in UTC')
    .argument('[tenant]', 'only of this tenant; default: all, those that were deleted too')
    .addOption(new Option('--month <month>', 'this month: 2026-11').conflicts(['from', 'to']))
    .option('--from <time>', 'from this hour, day or month on: 2026-11-27T18, 2026-11-27, 2026-11')
    .option('--to <time>', 'up to this hour, day or month, which is left out')
    .addOption(new Option('--by <period>', 'one line for each (default: month)').choices(PERIODS))
    .addOption(new Option('--csv', 'print comma-separated values for a spreadsheet').conflicts('json'));
  takesWide(verb)
    .option('--json', 'print a JSON array')
    .action((tenant: string | undefined, _options, command: Command) =>
      usage(tenant, command.optsWithGlobals<UsageOptions>(), io),
    );
}

async function usage(tenant: string | undefined, options: UsageOptions, io: CliIo): Promise<void> {
  const { by } = options;
  const rows = await withClient(options, io, (client) => client.usage({ tenant, by, ...rangeOf(options) }));
  if (options.json === true) return printJson(io, rows);
  if (options.csv === true) return print(io, `${csv(csvRows(rows))}\r`);
  if (rows.length === 0) return print(io, 'Nothing was used.');
  const own = hookMeters(rows);
  await printTable(
    io,
    options,
    columnsOf(own),
    rows.map((row) => line(row, own)),
  );
}

function columnsOf(own: readonly string[]): Column[] {
  const names: Column[] = [{ heading: 'TENANT' }, { heading: 'PERIOD' }];
  return [...names, ...METER_NAMES.map((meter) => COLUMNS[meter]), ...own.map((heading) => ({ heading, rank: 1 }))];
}

function rangeOf({ month, from, to }: UsageOptions): Pick<UsageInput, 'from' | 'to'> {
  if (month === undefined) return { from, to };
  const [, year = '', number = ''] = /^(\d{4})-(\d\d)$/.exec(month) ?? [];
  if (year === '') throw new TenementError('usage', `--month ${month}: write it as 2026-11`);
  return { from: month, to: new Date(Date.UTC(Number(year), Number(number))).toISOString().slice(0, 7) };
}

function csvRows(rows: readonly UsageView[]): (string | number)[][] {
  const own = hookMeters(rows);
  const values = (row: UsageView) => [
    ...METER_NAMES.map((meter) => row[meter]),
    ...own.map((meter) => row.meters[meter] ?? ''),
  ];
  return [
    ['tenant', 'period', ...METER_NAMES, ...own],
    ...rows.map((row) => [row.tenant, row.period.replace('T', ' ').replace(/ \d\d$/, '$&:00'), ...values(row)]),
  ];
}

/** Lists what hooks have measured in any of the rows. */
function hookMeters(rows: readonly UsageView[]): string[] {
  return [...new Set(rows.flatMap(({ meters }) => Object.keys(meters)))].sort();
}

function line(row: UsageView, own: readonly string[]): string[] {
  const measured = own.map((meter) => shownOwn(meter, row.meters[meter]));
  return [row.tenant, row.period, ...METER_NAMES.map((meter) => shown(meter, row[meter])), ...measured];
}

function shownOwn(meter: string, value: number | undefined): string {
  if (value === undefined) return UNKNOWN;
  return meter.endsWith('Bytes') ? bytes(value) : String(value);
}

function shown(meter: Meter, value: number): string {
  if (meter.endsWith('Bytes')) return bytes(value);
  if (meter === 'awakeSeconds') return duration(value * 1000);
  if (meter === 'cpuSeconds') return `${value.toFixed(1)}s`;
  return METERS[meter] === 'sum' && Number.isInteger(value) ? String(value) : value.toFixed(1);
}
