import { expect, test } from 'vitest';
import { hourName, hourOf } from '../../../src/core/usage/hours.ts';
import { newTally } from '../../../src/core/usage/tally.ts';
import { type UsageInput, usageQuery, usageView } from '../../../src/core/usage/usage-query.ts';

const NOW_MS = Date.UTC(2026, 10, 27, 18, 30);
const START = hourOf(Date.UTC(2026, 10, 27, 17));

function range(input: UsageInput): string[] {
  const { fromHour, toHour } = usageQuery(input, NOW_MS);
  return [hourName(fromHour), hourName(toHour)];
}

test('asks for the current month by default', () => {
  expect(usageQuery({}, NOW_MS)).toMatchObject({ tenantId: null, by: 'month', limit: 1000, after: null });
  expect(range({})).toEqual(['2026-11-01T00', '2026-12-01T00']);
  expect(range({ by: 'day' })).toEqual(['2026-11-01T00', '2026-11-28T00']);
});

test('asks for what is given', () => {
  expect(range({ by: 'hour', from: '2026-11-27T10', to: '2026-11-27T12' })).toEqual(['2026-11-27T10', '2026-11-27T12']);
  expect(usageQuery({ tenant: 'acme', by: 'day', limit: 5, after: 'acme:2026-11-20' }, NOW_MS)).toMatchObject({
    tenantId: 'acme',
    limit: 5,
    after: { tenantId: 'acme', start: hourOf(Date.UTC(2026, 10, 20)) },
  });
});

test.each<[UsageInput, string]>([
  [{ tenant: '../x' }, 'bad_id'],
  [{ by: 'week' as 'day' }, 'bad_input'],
  [{ from: '2026-11-27' }, 'bad_input'],
  [{ by: 'day', to: '2026-11-27T18' }, 'bad_input'],
  [{ from: '2026-11', to: '2026-10' }, 'bad_input'],
  [{ limit: 0 }, 'bad_input'],
  [{ limit: 2001 }, 'bad_input'],
  [{ after: 'acme' }, 'bad_input'],
  [{ after: '=1:2026-11' }, 'bad_id'],
  [{ from: 5 as unknown as string }, 'bad_input'],
])('refuses %j with %s', (input, code) => {
  expect(() => usageQuery(input, NOW_MS)).toThrow(expect.objectContaining({ code }));
});

test('gives each meter of a row a key by which it is billed once', () => {
  const view = usageView(
    { tenantId: 'acme', start: START },
    { tally: { ...newTally(), cpuSeconds: 1 / 3 }, meters: { databaseBytes: 9 } },
    'hour',
    NOW_MS,
  );
  expect(view).toMatchObject({ tenant: 'acme', period: '2026-11-27T17', cpuSeconds: 0.333333, complete: true });
  expect(view.meters).toEqual({ databaseBytes: 9 });
  expect(view.keys).toMatchObject({
    requests: 'acme:requests:2026-11-27T17',
    cpuSeconds: 'acme:cpuSeconds:2026-11-27T17',
    databaseBytes: 'acme:databaseBytes:2026-11-27T17',
  });
});

test('calls a period complete once nothing can be added to it', () => {
  const at = (nowMs: number) =>
    usageView({ tenantId: 'acme', start: START }, { tally: newTally(), meters: {} }, 'hour', nowMs).complete;
  const endMs = Date.UTC(2026, 10, 27, 18);
  expect([at(endMs - 1), at(endMs), at(endMs + 5000)]).toEqual([false, false, true]);
});
