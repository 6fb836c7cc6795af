import { beforeEach, expect, test } from 'vitest';
import { hourOf } from '../../../src/core/usage/hours.ts';
import { newTally } from '../../../src/core/usage/tally.ts';
import { usageView } from '../../../src/core/usage/usage-query.ts';
import { runningCli } from '../running.ts';

const USED = {
  ...newTally(),
  requests: 1200,
  egressBytes: 3 * 1024 ** 2,
  cpuSeconds: 1.25,
  awakeSeconds: 3661,
  memoryGbSeconds: 12.5,
};
const START = hourOf(Date.UTC(2026, 10, 27, 18));
const of = (meters: Record<string, number> = {}) =>
  usageView({ tenantId: 'acme', start: START }, { tally: USED, meters }, 'hour', Date.UTC(2027, 0));
const ROW = of();

let running: Awaited<ReturnType<typeof runningCli>>;
beforeEach(async () => {
  running = await runningCli();
  running.usage.rows = [ROW];
});

test('usage prints a line for each tenant and period', async () => {
  const { status, out } = await running.cli('usage');
  const [headings, line] = out.split('\n');
  expect(status).toBe(0);
  expect(headings).toMatch(/^TENANT +PERIOD +REQUESTS +ERRORS +IN +OUT +CPU +AWAKE +MEMORY GB·S +WAKES +STORAGE$/);
  expect(line).toMatch(/^acme +2026-11-27T18 +1200 +0 +0 bytes +3\.0 MB +1\.3s +1h 1m +12\.5 +0 +0 bytes$/);
});

test('usage says so when nothing was used', async () => {
  running.usage.rows = [];
  expect((await running.cli('usage', 'acme')).out).toBe('Nothing was used.\n');
});

test('usage --json prints the rows with their keys', async () => {
  expect(JSON.parse((await running.cli('usage', '--json')).out)).toEqual([ROW]);
});

test('usage --csv prints a table that a spreadsheet opens: RFC 4180, with a header and dates', async () => {
  expect((await running.cli('usage', '--csv')).out).toBe(
    'tenant,period,requests,errors,ingressBytes,egressBytes,cpuSeconds,awakeSeconds,memoryGbSeconds,wakes,storageBytes\r\n' +
      'acme,2026-11-27 18:00,1200,0,0,3145728,1.25,3661,12.5,0,0\r\n',
  );
});

test('what hooks have measured is a column for each meter', async () => {
  running.usage.rows = [ROW, of({ databaseBytes: 8 * 1024 ** 2, keys: 12 })];
  const [headings, first, second] = (await running.cli('usage')).out.split('\n');
  expect(headings).toMatch(/STORAGE +databaseBytes +keys$/);
  expect(first).toMatch(/0 bytes +- +-$/);
  expect(second).toMatch(/8\.0 MB +12$/);
  const lines = (await running.cli('usage', '--csv')).out.split('\r\n');
  expect(lines.map((line) => line.split(',').slice(11).join())).toEqual(['databaseBytes,keys', ',', '8388608,12', '']);
});

test('usage asks for a month, or for what lies between two times', async () => {
  await running.cli('usage', 'acme', '--month', '2026-12', '--by', 'day');
  await running.cli('usage', '--from', '2026-11-27T18', '--to', '2026-11-28T00', '--by', 'hour');
  expect(running.usage.asked).toMatchObject([
    { tenant: 'acme', from: '2026-12', to: '2027-01', by: 'day' },
    { from: '2026-11-27T18', to: '2026-11-28T00', by: 'hour' },
  ]);
});

test.each([
  ['--month', 'November'],
  ['--month', '2026-11', '--from', '2026-10'],
  ['--by', 'week'],
  ['--csv', '--json'],
])('usage refuses %s %s', async (...words) => {
  expect((await running.cli('usage', ...words)).status).toBe(2);
  expect(running.usage.asked).toEqual([]);
});
